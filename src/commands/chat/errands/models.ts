import type { Reply } from '../../../ui/chat/errand.ts';
import { modelLine } from '../../models.ts';
import type { ErrandOptions } from '../errands.ts';

/** The models there are, the one in use marked. */
export async function models({ provider, talk, signal }: ErrandOptions): Promise<Reply> {
  const listed = await provider.models({ signal });
  if (listed.length === 0) return { notice: 'The server lists no models.' };
  return {
    lines: [
      ...listed.map((model) => `${model.id === talk.model ? '*' : ' '} ${modelLine(model)}`),
      '/model NAME switches to another.',
    ],
  };
}
