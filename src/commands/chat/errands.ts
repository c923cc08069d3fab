/** What the chat's slash commands do to files, the clipboard, the history and the server; each loaded when it is used. */
import type { ChatProvider } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import type { Reply, RunErrand } from '../../ui/chat/errand.ts';
import type { Errand } from '../../ui/chat/slash.ts';

export interface Desk {
  readonly context: Context;
  /** Who answers at the moment. */
  provider(): ChatProvider;
  /** Takes up the credential that there is by now. */
  reconnect(): Promise<void>;
}

export type ErrandOptions = Parameters<RunErrand>[1] &
  Omit<Desk, 'provider'> &
  Pick<Errand, 'argument'> & { readonly provider: ChatProvider };

export function createErrands(desk: Desk): RunErrand {
  return async ({ name, argument }, options) => {
    const run = await ERRANDS[name]();
    return run({ ...options, ...desk, provider: desk.provider(), argument });
  };
}

type Run = (options: ErrandOptions) => Promise<Reply>;

const ERRANDS: Readonly<Record<Errand['name'], () => Promise<Run>>> = {
  models: async () => (await import('./errands/models.ts')).models,
  attach: async () => (await import('./errands/attach.ts')).attachText,
  image: async () => (await import('./errands/attach.ts')).attachImage,
  copy: async () => (await import('./errands/copy.ts')).copy,
  save: async () => (await import('./errands/write-file.ts')).saveAnswer,
  export: async () => (await import('./errands/write-file.ts')).exportConversation,
  history: async () => (await import('./errands/conversations.ts')).showHistory,
  resume: async () => (await import('./errands/conversations.ts')).resume,
  fork: async () => (await import('./errands/conversations.ts')).fork,
  usage: async () => (await import('./errands/account.ts')).usage,
  status: async () => (await import('./errands/account.ts')).showStatus,
  login: async () => (await import('./errands/account.ts')).signIn,
  logout: async () => (await import('./errands/account.ts')).signOut,
};
