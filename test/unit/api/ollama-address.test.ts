import { expect, it } from 'vitest';
import { ollamaAddress } from '../../../src/api/ollama-address.ts';
import type { Env } from '../../../src/context.ts';

it.each<[Env, string, boolean]>([
  [{}, 'http://localhost:11434/', false],
  [{ OLLAMA_BASE_URL: 'http://127.0.0.1:4000' }, 'http://127.0.0.1:4000/', false],
  [{ OLLAMA_BASE_URL: 'http://127.0.0.1:4000/v1/' }, 'http://127.0.0.1:4000/', false],
  [{ OLLAMA_BASE_URL: 'http://127.0.0.1:4000/api' }, 'http://127.0.0.1:4000/', false],
  [{ OLLAMA_BASE_URL: 'https://gpu.example/ollama/api/' }, 'https://gpu.example/ollama/', false],
  [{ OLLAMA_BASE_URL: 'https://gpu.example/ollama' }, 'https://gpu.example/ollama/', false],
  [{ OLLAMA_BASE_URL: 'http://192.168.1.5:11434' }, 'http://192.168.1.5:11434/', true],
  [{ OLLAMA_BASE_URL: 'http://gpu:1', OLLAMA_HOST: 'other' }, 'http://gpu:1/', true],
  [{ OLLAMA_HOST: '127.0.0.1' }, 'http://127.0.0.1:11434/', false],
  [{ OLLAMA_HOST: '127.0.0.1:4000' }, 'http://127.0.0.1:4000/', false],
  [{ OLLAMA_HOST: '0.0.0.0' }, 'http://localhost:11434/', false],
  [{ OLLAMA_HOST: '0.0.0.0:4000' }, 'http://localhost:4000/', false],
  [{ OLLAMA_HOST: 'http://0.0.0.0:4000' }, 'http://localhost:4000/', false],
  [{ OLLAMA_HOST: '[::]' }, 'http://localhost:11434/', false],
  [{ OLLAMA_HOST: '[::1]' }, 'http://[::1]:11434/', false],
  [{ OLLAMA_HOST: ':4000' }, 'http://localhost:4000/', false],
  [{ OLLAMA_HOST: ' "gpu" ' }, 'http://gpu:11434/', true],
  [{ OLLAMA_HOST: 'https://gpu.example' }, 'https://gpu.example/', false],
  [{ OLLAMA_HOST: 'gpu/ollama' }, 'http://gpu:11434/ollama/', true],
])('%j is %s', (env, href, isPlain) => {
  const address = ollamaAddress(env);
  expect([address.baseUrl.href, address.isPlain]).toEqual([href, isPlain]);
});

it.each<[Env, string]>([
  [{ OLLAMA_BASE_URL: 'localhost:11434' }, 'OLLAMA_BASE_URL does not start with https:// and a host.'],
  [{ OLLAMA_BASE_URL: 'ftp://gpu' }, 'OLLAMA_BASE_URL does not start with https:// and a host.'],
  [{ OLLAMA_HOST: 'me@gpu' }, 'OLLAMA_HOST contains a user name or password.'],
  [{ OLLAMA_HOST: 'g pu' }, 'OLLAMA_HOST contains a space, a backslash or a control character.'],
])('%j is refused', (env, message) => {
  expect(() => ollamaAddress(env)).toThrow(expect.objectContaining({ code: 'invalid_url', message }));
});
