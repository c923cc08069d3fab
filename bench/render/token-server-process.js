/**
 * A chat API on a process of its own, so that its work is nobody else's: streams as many tokens as the question asks
 * for, "KIND COUNT RATE", evenly and RATE a second, or without a pause for 0. Prints its port.
 */
import { createServer } from 'node:http';

const TICK_MS = 5;
const SPEAKERS = { prose, markdown, code, short };

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => void answer(Buffer.concat(chunks).toString(), response));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit()).resume();

/** In chat completions, and in responses, which is all that codex speaks. */
async function answer(body, response) {
  const { messages = [], input = [] } = body === '' ? {} : JSON.parse(body);
  const asked = messages.at(-1)?.content ?? input.at(-1)?.content?.at(-1)?.text ?? 'short';
  const [kind, count = '1', rate = '0'] = asked.split(' ');
  const { begin, event, end } = input.length > 0 ? inResponses() : IN_COMPLETIONS;
  const speak = SPEAKERS[kind] ?? short;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const perTick = rate === '0' ? 1_000 : (Number(rate) * TICK_MS) / 1_000;
  const startedAt = performance.now();
  if (begin !== '') response.write(begin);
  for (let sent = 0, tick = 1; sent < Number(count); tick++) {
    const until = Math.min(Number(count), Math.floor(perTick * tick));
    let events = '';
    for (; sent < until; sent++) events += event(speak(sent));
    if (events !== '' && !response.write(events)) {
      await new Promise((resolve) => response.once('drain', resolve));
    }
    const early = rate === '0' ? 0 : startedAt + tick * TICK_MS - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    if (response.destroyed) return;
  }
  response.end(`${event('\n\nTHE-END')}${end()}`);
}

const IN_COMPLETIONS = {
  begin: '',
  event: (content) => choice({ content }),
  end: () => `${choice({}, 'stop')}data: [DONE]\n\n`,
};

function choice(delta, reason = null) {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
}

function inResponses() {
  const place = { item_id: 'm', output_index: 0, content_index: 0 };
  const item = { type: 'message', role: 'assistant', id: 'm' };
  const named = (type, rest) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  let text = '';
  return {
    begin:
      named('response.created', { response: { id: 'r' } }) +
      named('response.output_item.added', { output_index: 0, item: { ...item, content: [] } }),
    event(delta) {
      text += delta;
      return named('response.output_text.delta', { ...place, delta });
    },
    end: () =>
      named('response.output_item.done', {
        output_index: 0,
        item: { ...item, content: [{ type: 'output_text', text }] },
      }) +
      named('response.completed', {
        response: { id: 'r', usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } },
      }),
  };
}

const WORDS =
  'device codes let a program without any browser ask somebody to approve it elsewhere while it waits'.split(
    ' ',
  );

/** Paragraphs of sixty words. */
function prose(index) {
  const word = WORDS[index % WORDS.length];
  return index % 60 === 59 ? `${word}.\n\n` : `${word} `;
}

const DOCUMENT = `## What happens

The client asks for a **device code**, shows the *user code* and \`verification_uri\`, and polls
until somebody has [approved](https://example.org/device) it or the time is up.

1. ask for a code, with the scopes that are wanted
2. show it, and wait \`interval\` seconds
   - slower when the server says so
   - never faster
3. keep what comes

> The code is good for a few minutes only.

| field | type | meaning |
|---|---|---|
| device_code | string | what the client polls with |
| expires_in | number | seconds that are left |

\`\`\`js
async function poll(code, interval) {
  for (;;) {
    await sleep(interval * 1000);
    const answer = await ask({ code, grant: 'device_code' });
    if (answer.ok) return answer.token; // kept in the keychain
  }
}
\`\`\`

`;
const PIECES = DOCUMENT.match(/[^]{1,5}/gu);
const CODE = [
  '```js\n',
  ...Array.from(
    { length: 400 },
    (_, line) => `const value${line} = compute(${line}, 'text', { deep: [1, 2, 3] });\n`,
  ),
];
const CODE_PIECES = `${CODE.join('')}\`\`\`\n\n`.match(/[^]{1,5}/gu);

function markdown(index) {
  return PIECES[index % PIECES.length];
}

function code(index) {
  return CODE_PIECES[index % CODE_PIECES.length];
}

function short(index) {
  return index === 0 ? 'Yes.' : ' Yes.';
}
