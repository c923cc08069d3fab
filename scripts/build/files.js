/**
 * Which modules share a file. Left to itself the bundler makes a file of whatever is shared by the same importers: three
 * of four have less than 4 kB, and to find, read and link each costs a fifth of a millisecond. So what the
 * most frequent commands load lies together, each root with all that it imports; a module is in the first group
 * that reaches it. test/golden/loaded-modules.json tells what comes of it.
 */
const GROUPS = {
  // What every command loads, and what most of them ask for next.
  core: [
    'src/main.ts',
    'src/auth/credential.ts',
    'src/auth/mask-keys.ts',
    'src/commands/define.ts',
    'src/commands/moments.ts',
    'src/store/config-file.ts',
    'src/store/history/conversation-id.ts',
    'src/store/protection.ts',
    'src/store/session-index.ts',
    'src/ui/plain-style.ts',
  ],
  locked: ['src/store/lock.ts', 'src/store/atomic-file.ts'],
  session: [
    'src/auth/session.ts',
    'src/auth/sessions.ts',
    'src/stores.ts',
    'src/store/credentials-file.ts',
    'src/store/credentials-format.ts',
    'src/store/credentials-key.ts',
    'src/store/sealing-keychain.ts',
  ],
  vault: ['src/vault/vault.ts', 'src/vault/secret-forms.ts'],
  http: ['src/api/http.ts', 'src/network.ts', 'node_modules/undici/lib/dispatcher/agent.js'],
  ask: [
    'src/chat/conversation.ts',
    'src/commands/chat.ts',
    'src/commands/chat/open-provider.ts',
    'src/commands/chat/outgoing-guard.ts',
    'src/commands/chat/question.ts',
    'src/commands/chat/refuse-secrets.ts',
    'src/commands/chat/with-time-limit.ts',
  ],
};

/** @returns the bundler's rules */
export function fileGroups() {
  return {
    groups: Object.entries(GROUPS).map(([name, roots], index) => ({
      name,
      priority: Object.keys(GROUPS).length - index,
      test: (id) => roots.some((path) => `/${id.replaceAll('\\', '/')}`.endsWith(`/${path}`)),
    })),
  };
}
