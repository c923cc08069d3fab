/** The chat as a program of its own for a real terminal: what is asked decides what the answer does. */
import { createWritingAids } from '../../../../src/commands/chat/writing-aids.ts';
import { toMiraError, MiraError } from '../../../../src/errors.ts';
import type { ChatEvent } from '../../../../src/chat/provider.ts';
import type { Reply, RunErrand } from '../../../../src/ui/chat/errand.ts';
import type { Errand } from '../../../../src/ui/chat/slash.ts';
import type { Talk } from '../../../../src/ui/chat/talk.ts';
import { runLineChat } from '../../../../src/ui/chat/line-mode.ts';
import { reflowOf } from '../../../../src/ui/chat/live-region.ts';
import { runChat } from '../../../../src/ui/chat/run-chat.ts';
import { createStyle } from '../../../../src/ui/style.ts';
import { HOSTILE_TEXTS } from './hostile-corpus.ts';

const PROSE =
  'Device codes let a program without a browser ask a person to approve it elsewhere: 你好，世界 👨‍👩‍👧 and ' +
  'more words follow here so that the paragraph is longer than every window that it is shown in, twice over. ';
const CODE = `curl --silent --header "Accept: application/json" https://api.example/v1/models | jq -r '.data[].id' | sort`;

function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener);
  return () => process.off('SIGINT', listener);
}

async function* send(
  { messages, model }: Talk,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<ChatEvent> {
  const question = messages.at(-1)?.text ?? '';
  const [command, count = '0'] = question.split(' ');
  switch (command) {
    case 'lines':
      for (let line = 1; line <= Number(count); line++) yield text(`line ${line} of ${count}\n`);
      break;
    case 'fast':
      for (let token = 1; token <= Number(count); token++) {
        yield text(`word${token}${token % 12 === 0 ? '\n' : ' '}`);
        if (token % 66 === 0) await new Promise((resolve) => setTimeout(resolve, 33));
      }
      break;
    case 'steps':
      for (let step = 1; step <= Number(count); step++) {
        for (let word = step * 20 - 19; word <= step * 20; word++) yield text(`word${word} `);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      break;
    case 'prose':
      for (const word of PROSE.split(/(?<= )/)) yield text(word);
      break;
    case 'code':
      yield text(`Do this:\n\n\`\`\`sh\n${CODE}\n\`\`\`\nDone.`);
      break;
    case 'hang':
      yield text('This came');
      await aborted(signal);
      throw signal.reason;
    case 'wait':
      await aborted(signal);
      throw signal.reason;
    case 'retry':
      yield { kind: 'retry', attempt: 2, afterMs: 60_000, reason: 'rate limited\x1b[2J' };
      await aborted(signal);
      throw signal.reason;
    case 'fail':
      throw new MiraError('rate_limited', 'The service asks to wait.', { hint: 'Try again in a minute.' });
    case 'cut':
      yield text('Half of an ans');
      throw new MiraError('stream_cut', 'The answer broke off.');
    case 'hostile':
      for (const { input } of HOSTILE_TEXTS) for (const unit of `${input}\n`) yield text(unit);
      break;
    default:
      yield text(`${model} heard ${JSON.stringify(question)} as message ${messages.length}.`);
  }
  yield { kind: 'usage', usage: { inputTokens: 1_000, outputTokens: 234 } };
  yield { kind: 'finish', finishReason: 'stop' };
}

/** A stand-in for the work behind slash commands. */
async function runErrand(
  { name, argument }: Errand,
  { signal, withTerminal }: Parameters<RunErrand>[1],
): Promise<Reply> {
  switch (name) {
    case 'models':
      return { lines: ['* mira', `  large\x1b[2J`] };
    case 'usage':
      await aborted(signal);
      throw signal.reason;
    case 'logout':
      await withTerminal(async () => {
        process.stdout.write(`raw while lent: ${String(process.stdin.isRaw)}\n`);
      });
      return { notice: 'Signed out.', account: { name: undefined } };
    default:
      throw new MiraError('not_found', `There is no ${argument ?? name}.`);
  }
}

function text(delta: string): ChatEvent {
  return { kind: 'text', text: delta };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    // The timer keeps the program alive, as a connection would.
    const alive = setInterval(() => {}, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}

const { stdin, stdout, stderr } = process;
const interrupted = new AbortController();
const options = {
  send,
  runErrand,
  talk: { messages: [], model: 'mira', attachments: [] },
  profile: 'work',
  stdin,
  stdout,
  stderr,
  style: createStyle({ color: process.argv.includes('--color') }),
  signal: interrupted.signal,
  now: Date.now,
  reflow: reflowOf(process.env),
  onContinue: (listener: () => void) => {
    process.on('SIGCONT', listener);
    return () => void process.off('SIGCONT', listener);
  },
  aids: createWritingAids(
    { env: process.env, platform: process.platform, elapsed: () => performance.now(), onInterrupt },
    process.argv.includes('--history') ? ['git push', 'git pull', 'make tea\nand drink it'] : [],
  ),
};

process.on('SIGTERM', () => interrupted.abort());
try {
  if (process.argv.includes('--lines')) await runLineChat({ ...options, onInterrupt });
  else await runChat(options);
  stdout.write(`left ${stdin.isRaw ? 'raw' : 'restored'}\n`);
} catch (error) {
  stderr.write(`${toMiraError(error).message} ${String(error)}\n`);
  process.exitCode = 1;
}
stdin.pause();
