/**
 * The shape of src, once: what each part may import, which file owns which package, and who touches the
 * world. The lint rules in plugin.js read this and nothing else; test/unit/lint plants a fault for each row.
 * A part is a folder of src, or a file that stands directly in it. Imports go down this list, never up.
 */

interface Part {
  readonly may: readonly string[];
  readonly types?: readonly string[];
}

/**
 * `may`: parts whose values and types may be imported. `types`: parts of which only types may be.
 * `errors`, `json`, `log` and `addresses` are for everyone and not repeated.
 */
export const PARTS: Readonly<Record<string, Part>> = {
  addresses: { may: [] },
  errors: { may: [] },
  json: { may: [] },
  log: { may: [] },
  signals: { may: [] },
  store: { may: [] },
  api: { may: [] },
  ui: { may: [], types: ['auth', 'chat', 'store', 'commands'] },
  settings: { may: [], types: ['store'] },
  auth: { may: ['api', 'store'], types: ['settings'] },
  chat: { may: ['api'] },
  vault: { may: ['store'] },
  context: { may: [], types: ['api', 'auth', 'chat', 'vault', 'store', 'ui', 'settings'] },
  io: { may: [], types: ['context'] },
  commands: { may: ['api', 'auth', 'chat', 'vault', 'store', 'ui', 'settings', 'context'] },
  stores: { may: ['store', 'ui', 'context'] },
  network: { may: ['api', 'store', 'vault', 'context'] },
  program: { may: ['commands', 'context'] },
  main: {
    may: [
      'signals',
      'store',
      'api',
      'ui',
      'settings',
      'auth',
      'chat',
      'vault',
      'context',
      'io',
      'commands',
      'program',
      'stores',
      'network',
    ],
  },
};

export const FOR_EVERYONE: readonly string[] = ['errors', 'json', 'log', 'addresses'];

/** Files without code: they may import types and nothing else, whatever their part may. */
export const TYPES_ONLY: readonly string[] = ['context'];

/**
 * Each package has one owner, where what it throws is translated. A path that ends in a slash is a folder;
 * a star stands for the rest of a file name. A package without a row may not be imported at all.
 */
export const OWNERS: Readonly<Record<string, readonly string[]>> = {
  commander: ['program.ts'],
  'openid-client': ['auth/oidc*'],
  keytar: ['store/keychain*'],
  conf: ['store/config.ts'],
  'node:sqlite': ['store/'],
  undici: ['api/http.ts', 'api/http/'],
  '@aws-sdk/client-bedrock': ['api/aws/'],
  '@aws-sdk/client-bedrock-runtime': ['api/aws/'],
  '@aws-sdk/client-sts': ['api/aws/'],
  execa: ['vault/child.ts'],
  ajv: ['chat/json-schema.ts'],
  'eventsource-parser': ['chat/event-stream.ts'],
  chalk: ['ui/style.ts'],
  ora: ['ui/spinner.ts'],
  open: ['ui/browser.ts'],
  ink: ['ui/'],
  react: ['ui/'],
  'string-width': ['ui/'],
  '@codemirror/legacy-modes': ['ui/markdown/grammars.ts'],
  '@codemirror/streamparser': ['ui/markdown/grammars.ts'],
  uqr: ['ui/'],
};

/**
 * Only these reach the process, the clock and chance by themselves; everyone else is handed them.
 * The helper is a process of its own; sqlite.ts mutes a notice of Node's, and without-signal-listeners.ts keeps conf
 * from taking the signals of the process, for which there is no other way.
 */
export const TOUCH_THE_WORLD: readonly string[] = [
  'main.ts',
  'store/keychain-helper.ts',
  'store/sqlite.ts',
  'store/without-signal-listeners.ts',
];
