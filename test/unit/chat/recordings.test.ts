/** The recordings of the wire formats, whole, cut in two at every byte, and byte by byte. */
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, it } from 'vitest';
import { createMessagesDecoder } from '../../../src/chat/anthropic-messages.ts';
import { createCompletionsDecoder } from '../../../src/chat/chat-completions.ts';
import { createOllamaDecoder } from '../../../src/chat/ollama-chat.ts';
import { readRecording, RECORDINGS } from '../../support/recordings.ts';
import type { Recording } from '../../support/recordings.ts';
import { answerOf, everyCut, read } from './wire.ts';

const FORMATS = {
  completions: { createDecoder: createCompletionsDecoder, framing: 'events' },
  messages: { createDecoder: createMessagesDecoder, framing: 'events' },
  ollama: { createDecoder: createOllamaDecoder, framing: 'lines' },
} as const;

describe('the recording', () => {
  const own = RECORDINGS.flatMap((recording) =>
    recording.format === 'bedrock' ? [] : [{ ...recording, reading: FORMATS[recording.format] }],
  );
  it.each(own)('$name reads the same however it is cut', async (recording) => {
    const { contentType, expected, reading } = recording;
    for (const pieces of everyCut(readRecording(recording)))
      expect(await read(answerOf(pieces, contentType), reading)).toEqual(expected);
  });

  it.each(RECORDINGS.filter(({ format }) => format === 'bedrock'))(
    '$name is what the client of AWS reads',
    async (recording) => {
      const { text, error } = await readByAws(recording);
      const { expected } = recording;
      expect(text).toBe(expected.events.map((event) => (event.kind === 'text' ? event.text : '')).join(''));
      expect(error).toBe(expected.error === undefined ? undefined : 'ThrottlingException');
    },
  );
});

/** The frames, read by the client whose business they are. */
async function readByAws(recording: Recording): Promise<{ readonly text: string; readonly error?: string }> {
  const body = readRecording(recording);
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': recording.contentType }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new BedrockRuntimeClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  let text = '';
  try {
    const { stream = [] } = await client.send(
      new ConverseStreamCommand({ modelId: 'm', messages: [{ role: 'user', content: [{ text: 'hi' }] }] }),
    );
    for await (const { contentBlockDelta } of stream) text += contentBlockDelta?.delta?.text ?? '';
    return { text };
  } catch (error) {
    return { text, error: error instanceof Error ? error.name : 'unknown' };
  } finally {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
