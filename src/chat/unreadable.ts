import { MiraError } from '../errors.ts';

export function unreadable(host: string): MiraError {
  return new MiraError('malformed_response', `${host} sent an answer that mira cannot read.`, {
    hint: 'Check that the address is one of a chat service (MIRA_API_URL).',
  });
}
