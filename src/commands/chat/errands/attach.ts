/** Files that go along with the next question. */
import { basename } from 'node:path';
import type { ChatImage } from '../../../chat/provider.ts';
import { MiraError } from '../../../errors.ts';
import type { Reply } from '../../../ui/chat/errand.ts';
import type { ErrandOptions } from '../errands.ts';
import { readAtMost, readTextFile } from '../question.ts';
import { requirePath } from './require-path.ts';

/** @throws MiraError `invalid_usage`, `invalid_input`, `input_too_large` */
export async function attachText({ argument, context }: ErrandOptions): Promise<Reply> {
  const path = requirePath(argument, { command: '/attach', env: context.env });
  const text = (await readTextFile(path, '/attach')).trimEnd();
  return {
    attachment: { kind: 'text', name: basename(path), text },
    notice: 'It goes along with the next question.',
  };
}

/** @throws MiraError `invalid_usage`, `invalid_input`, `input_too_large`; a provider that takes no pictures says so */
export async function attachImage({ argument, context, provider }: ErrandOptions): Promise<Reply> {
  const path = requirePath(argument, { command: '/image', env: context.env });
  if (!provider.takesImages) {
    throw new MiraError('invalid_input', `The models of ${provider.id} take no pictures.`, {
      hint: 'Describe it in words, or use a provider that takes pictures: mira chat -p ollama.',
    });
  }
  const image = await readImage(path);
  return {
    attachment: { kind: 'image', name: basename(path), image },
    notice: 'It goes along with the next question.',
  };
}

const MOST_IMAGE_BYTES = 10 * 1024 * 1024;

async function readImage(path: string): Promise<ChatImage> {
  const bytes = await readAtMost(path, { most: MOST_IMAGE_BYTES, option: '/image' });
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) {
    throw new MiraError('invalid_input', `/image: ${path} is no PNG, JPEG, GIF or WebP picture.`);
  }
  return { mediaType, base64: bytes.toString('base64') };
}

/** By the first bytes, whatever the name says. */
function mediaTypeOf(bytes: Buffer): ChatImage['mediaType'] | undefined {
  const head = bytes.subarray(0, 12).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/u.test(head)) return 'image/gif';
  return /^RIFF[^]{4}WEBP/u.test(head) ? 'image/webp' : undefined;
}
