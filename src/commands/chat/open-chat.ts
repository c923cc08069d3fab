import type { Context } from '../../context.ts';
export async function openChat(_context: Context, _chat: unknown): Promise<void> {}
