/** The limit that the chat is measured against: each token of the same stream is written as it comes, and nothing else. */
import { request } from 'node:http';

const [url] = process.argv.slice(2);
process.stdout.write('ready\n');
process.stdin.setEncoding('utf8').on('data', (line) => {
  if (line.startsWith('/quit')) process.exit();
  const asked = request(url, { method: 'POST' }, (response) => {
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const each of lines) {
        if (!each.startsWith('data: {')) continue;
        const { content } = JSON.parse(each.slice('data: '.length)).choices[0].delta;
        if (content !== undefined) process.stdout.write(content);
      }
    });
    response.on('end', () => process.stdout.write('\nfinished\n'));
  });
  asked.end(JSON.stringify({ messages: [{ role: 'user', content: line.trim() }] }));
});
