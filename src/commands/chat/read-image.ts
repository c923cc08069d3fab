import type { ChatImage } from '../../chat/provider.ts';
import { MiraError } from '../../errors.ts';
import { readAtMost } from './question.ts';

const MOST_BYTES = 10 * 1024 * 1024;

/**
 * A picture from a file, of a kind that models are shown.
 * @throws MiraError `invalid_input` for a file that cannot be read or is no such picture, `input_too_large` above 10 MB
 */
export async function readImage(path: string, option: string): Promise<ChatImage> {
  const bytes = await readAtMost(path, { most: MOST_BYTES, option });
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) {
    throw new MiraError('invalid_input', `${option}: ${path} is no PNG, JPEG, GIF or WebP picture.`);
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
