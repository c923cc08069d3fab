/** Files that go along with the next question. */
import { basename } from 'node:path';
import type { Reply } from '../../../ui/chat/errand.ts';
import type { Talk } from '../../../ui/chat/talk.ts';
import type { ErrandOptions } from '../errands.ts';
import { readTextFile } from '../question.ts';
import { readImage } from '../read-image.ts';
import { requireTakesImages } from '../require-takes-images.ts';
import { requirePath } from './require-path.ts';

/** @throws MiraError `invalid_usage`, `invalid_input`, `input_too_large` */
export async function attachText({ argument, context, talk }: ErrandOptions): Promise<Reply> {
  if (argument === '-') return takeBack(talk);
  const path = requirePath(argument, { command: '/attach', env: context.env });
  const text = (await readTextFile(path, '/attach')).trimEnd();
  return {
    attachment: { kind: 'text', name: basename(path), text },
    notice: 'It goes along with the next question.',
  };
}

/** @throws MiraError `invalid_usage`, `invalid_input`, `input_too_large`; a provider that takes no pictures says so */
export async function attachImage({ argument, context, provider, talk }: ErrandOptions): Promise<Reply> {
  if (argument === '-') return takeBack(talk);
  const path = requirePath(argument, { command: '/image', env: context.env });
  requireTakesImages(provider);
  const image = await readImage(path, '/image');
  return {
    attachment: { kind: 'image', name: basename(path), image },
    notice: 'It goes along with the next question.',
  };
}

/** A file that may not leave would hold up every question. */
function takeBack(talk: Talk): Reply {
  return { talk: { ...talk, attachments: [] }, notice: 'Nothing goes along with the next question.' };
}
