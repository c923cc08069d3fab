/** What a script does with the openai package: one question, the answer to stdout as it comes. Arguments: its folder, the question. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, asked] = process.argv.slice(2);
const { default: OpenAI } = createRequire(join(folder, 'package.json'))('openai');
const client = new OpenAI({ apiKey: process.env.MIRA_API_KEY, baseURL: process.env.MIRA_API_URL });
const stream = await client.chat.completions.create({
  model: 'mira',
  messages: [{ role: 'user', content: asked }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
process.stdout.write('\n');
