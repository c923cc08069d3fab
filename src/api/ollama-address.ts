/** Where Ollama is: OLLAMA_BASE_URL as an address, or OLLAMA_HOST as Ollama itself reads it. */
import { OLLAMA } from '../addresses.ts';
import { isLoopback, parseServiceUrl } from './url.ts';
import { withoutVersion } from './without-version.ts';

export interface OllamaAddress {
  /** Ends in a slash, and not in `/v1/` or `/api/`. */
  readonly baseUrl: URL;
  /** Another machine, without encryption: allowed because a person wrote it down, and worth a word. */
  readonly isPlain: boolean;
}

/** @throws MiraError `invalid_url` */
export function ollamaAddress(env: Readonly<Record<string, string | undefined>>): OllamaAddress {
  const written = env['OLLAMA_BASE_URL'] ?? fromHost(env['OLLAMA_HOST']) ?? OLLAMA;
  const name = env['OLLAMA_BASE_URL'] === undefined ? 'OLLAMA_HOST' : 'OLLAMA_BASE_URL';
  const url = parseServiceUrl(written, { name, from: 'user', mayBePlain: true });
  return { baseUrl: ollamaBase(url), isPlain: url.protocol === 'http:' && !isLoopback(url.hostname) };
}

/** What the endpoints are below, which bring their `api/` along: its documents call that a part of the address. */
export function ollamaBase(url: URL): URL {
  const base = withoutVersion(url);
  return new URL(base.pathname.replace(/\/api\/$/, '/'), base.origin);
}

/** `host`, `host:port`, `:port` or a URL; the address a server listens on everywhere is reached here. */
function fromHost(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const text = host.trim().replace(/^["']|["']$/g, '');
  const [, scheme, rest = ''] = /^(https?:\/\/)?(.*)$/is.exec(text) ?? [];
  const here = rest.replace(/^(?=:\d)/, 'localhost').replace(/^(0\.0\.0\.0|\[::\])(?=[:/]|$)/, 'localhost');
  if (scheme !== undefined) return `${scheme}${here}`;
  return `http://${here.replace(/^(\[[^\]]*\]|[^:/]*)(?=\/|$)/, '$1:11434')}`;
}
