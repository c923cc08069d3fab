/** The chat API of bench/render/token-server-process.js, started in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../render/token-server-process.js', import.meta.url));

export async function startTokenServer() {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await once(createInterface(child.stdout), 'line');
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    /** What points mira here, with a key that is made for the occasion. */
    env: { MIRA_API_URL: `${origin}/v1`, MIRA_API_KEY: `sk-mira-${'0d'.repeat(20)}` },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
