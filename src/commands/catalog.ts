/**
 * Every command by its words, with what the help of its group says of it. The module itself, with options,
 * code and renderers, is loaded when the command is the one that runs.
 */
import type { Command } from './define.ts';

export interface Leaf {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Leaf | Group>>;
}

export const CATALOG: Group = {
  summary:
    'The terminal client of the Mira platform: sign in with a device code, chat, and use both from scripts.',
  commands: {
    auth: {
      summary: 'Sign in and out, and see which credential is used',
      commands: {
        login: {
          summary: 'Sign in with a code in the browser, or keep an API key',
          load: async () => (await import('./auth/login.ts')).login,
        },
        logout: {
          summary: 'Revoke the session and remove it from this machine',
          load: async () => (await import('./auth/logout.ts')).logout,
        },
        status: {
          summary: 'Who is signed in, where the session is kept, until when',
          load: async () => (await import('./auth/status.ts')).status,
        },
        token: {
          summary: 'Print an access token that is valid, renewing it if needed',
          load: async () => (await import('./auth/token.ts')).token,
        },
        refresh: {
          summary: 'Renew the session now',
          load: async () => (await import('./auth/refresh.ts')).refresh,
        },
        explain: {
          summary: 'Every source of a credential, which one wins, and why',
          load: async () => (await import('./auth/explain.ts')).explain,
        },
        list: {
          summary: 'The profiles that are signed in',
          load: async () => (await import('./auth/list.ts')).list,
        },
        switch: {
          summary: 'Make another profile the default',
          load: async () => (await import('./auth/switch.ts')).switchProfile,
        },
        'migrate-storage': {
          summary: 'Move sessions and stored secrets to another store',
          load: async () => (await import('./auth/migrate-storage.ts')).migrateStorage,
        },
      },
    },
    chat: { summary: 'Ask a question, or open the chat', load: async () => (await import('./chat.ts')).chat },
    models: { summary: 'The models that can answer', load: async () => (await import('./models.ts')).models },
    usage: {
      summary: 'Quota, use and balance of the account',
      load: async () => (await import('./usage.ts')).usage,
    },
    api: {
      summary: 'Send a request of your own, with the credential',
      load: async () => (await import('./api.ts')).api,
    },
    history: {
      summary: 'The conversations on this machine: read, search, export, delete',
      commands: {
        list: {
          summary: 'The conversations on this machine, latest first',
          load: async () => (await import('./history/list.ts')).list,
        },
        show: {
          summary: 'A conversation, as it was said',
          load: async () => (await import('./history/show.ts')).show,
        },
        search: {
          summary: 'Messages that hold all of the words',
          load: async () => (await import('./history/search.ts')).search,
        },
        export: {
          summary: 'A conversation as a document',
          load: async () => (await import('./history/export.ts')).exportConversation,
        },
        delete: {
          summary: 'Remove a conversation for good',
          load: async () => (await import('./history/delete.ts')).deleteConversation,
        },
        prune: {
          summary: 'Remove old conversations for good',
          load: async () => (await import('./history/prune.ts')).prune,
        },
      },
    },
    tokens: {
      summary: 'Keep tokens sealed on this machine, each for an environment variable',
      commands: {
        add: {
          summary: 'Keep a token, typed unseen or read from stdin',
          load: async () => (await import('./tokens/add.ts')).add,
        },
        list: {
          summary: 'The tokens that are kept, never their values',
          load: async () => (await import('./tokens/list.ts')).list,
        },
        rotate: {
          summary: 'Exchange the value of a token for a new one that works',
          load: async () => (await import('./tokens/rotate.ts')).rotate,
        },
        remove: {
          summary: 'Remove tokens at once',
          load: async () => (await import('./tokens/remove.ts')).remove,
        },
        test: {
          summary: 'Ask the services whether the tokens work',
          load: async () => (await import('./tokens/test.ts')).test,
        },
      },
    },
    aws: {
      summary: 'Test keys of AWS, and keep them for Bedrock and mira run',
      commands: {
        set: {
          summary: 'Test keys of AWS and keep them, typed unseen or read from stdin',
          load: async () => (await import('./aws/set.ts')).set,
        },
        show: {
          summary: 'Which keys of AWS are kept, never their values',
          load: async () => (await import('./aws/show.ts')).show,
        },
        test: {
          summary: 'Ask AWS whose keys these are, and what Bedrock lets them do',
          load: async () => (await import('./aws/test.ts')).test,
        },
        remove: {
          summary: 'Remove the keys of AWS at once',
          load: async () => (await import('./aws/remove.ts')).remove,
        },
      },
    },
    run: {
      summary: 'Run a program with tokens in its environment',
      load: async () => (await import('./run.ts')).run,
    },
    network: {
      summary: 'Every host that mira may contact, and why',
      load: async () => (await import('./network.ts')).network,
    },
    config: {
      summary: 'Read and change settings',
      commands: {
        get: { summary: 'Print a setting', load: async () => (await import('./config/get.ts')).get },
        set: {
          summary: 'Change a setting of the profile',
          load: async () => (await import('./config/set.ts')).set,
        },
        list: {
          summary: 'Every setting, and where its value comes from',
          load: async () => (await import('./config/list.ts')).list,
        },
        path: {
          summary: 'Print where the config file is',
          load: async () => (await import('./config/path.ts')).path,
        },
      },
    },
    scan: {
      summary: 'Find keys in the files that git tracks or would track',
      load: async () => (await import('./scan.ts')).scan,
    },
    help: {
      summary: 'Help for a command, and the table of exit codes',
      commands: {
        'exit-codes': {
          summary: 'What each exit status means',
          load: async () => (await import('./help/exit-codes.ts')).exitCodes,
        },
      },
    },
  },
};

export function isGroup(node: Leaf | Group): node is Group {
  return 'commands' in node;
}
