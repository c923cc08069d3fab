/** What the demo runs, in order. */

const STEP_S = 120;
const PERSON_S = 15 * 60;

/**
 * @typedef {object} Step
 * @property {readonly string[]} args of mira
 * @property {string} [note] said before it
 * @property {boolean} approve the demo plays the person in the browser
 * @property {readonly number[]} accepted exit statuses
 * @property {number} limitS
 */

/** @returns {readonly Step[]} */
export function demoSteps({ platform, manual, terminal }) {
  const login = [
    'auth',
    'login',
    '--issuer',
    platform.issuer,
    '--api-url',
    platform.apiUrl,
    '--storage',
    'file',
  ];
  return [
    {
      // What the person has in the clipboard stays there when nobody needs the code.
      args: manual ? login : [...login, '--no-copy'],
      note: manual
        ? 'Open the page, type the code, approve.'
        : 'Approved by itself a second after the code appears.',
      approve: !manual,
      accepted: [0],
      limitS: manual ? PERSON_S : STEP_S,
    },
    step(['auth', 'status']),
    step(['chat', 'How do I sign out?']),
    step(['chat', '--json', 'Where is my session kept?']),
    ...(terminal
      ? [
          {
            args: ['chat'],
            note: 'Ask it about mira. /quit, or Ctrl-C twice, goes on.',
            approve: false,
            accepted: [0, 130],
            limitS: Infinity,
          },
        ]
      : []),
    step(['auth', 'logout']),
  ];
}

function step(args) {
  return { args, approve: false, accepted: [0], limitS: STEP_S };
}
