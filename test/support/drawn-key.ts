/** Keys as services give them out, made when a test runs, so that none stands in a file. */
import { createHash, generateKeyPairSync } from 'node:crypto';

const HEX = '0123456789abcdef';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const BASE64 = `${BASE62}+/`;

/** As if drawn at random, and the same for the same seed. */
function drawn(alphabet: string, { length, seed }: { readonly length: number; readonly seed: string }) {
  let text = '';
  for (let block = 0; text.length < length; block++) {
    const bytes = createHash('sha256').update(`${seed} ${block}`).digest();
    for (const byte of bytes) text += alphabet.charAt(byte % alphabet.length);
  }
  return text.slice(0, length);
}

export const drawnKey = {
  mira: (seed: string) => `sk-mira-${drawn(HEX, { length: 40, seed })}`,
  meetings: (seed: string) => `mira_live_${drawn(BASE62, { length: 32, seed })}`,
  mirra: (seed: string) => `mirra_${drawn(HEX, { length: 64, seed })}`,
  mirraScript: (seed: string) => `mirra_script_${drawn(HEX, { length: 64, seed })}`,
  anthropic: (seed: string) => `sk-ant-api03-${drawn(`${BASE62}_-`, { length: 93, seed })}AA`,
  openai: (seed: string) => `sk-${drawn(BASE62, { length: 48, seed })}`,
  openaiProject: (seed: string) => `sk-proj-${drawn(`${BASE62}_`, { length: 64, seed })}`,
  aws: (seed: string) => `AKIA${drawn(BASE32, { length: 16, seed })}`,
  awsTemporary: (seed: string) => `ASIA${drawn(BASE32, { length: 16, seed })}`,
  awsSecret: (seed: string) => drawn(BASE64, { length: 40, seed }),
  github: (seed: string) => `ghp_${drawn(BASE62, { length: 36, seed })}`,
  githubFineGrained: (seed: string) =>
    `github_pat_${drawn(BASE62, { length: 22, seed })}_${drawn(BASE62, { length: 59, seed: `${seed} 2` })}`,
};

export function drawnJwt({
  payload,
  alg = 'RS256',
}: {
  readonly payload: object;
  readonly alg?: string;
}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signature = drawn(`${BASE62}_-`, { length: 86, seed: JSON.stringify(payload) });
  return `${part({ alg, typ: 'JWT' })}.${part(payload)}.${signature}`;
}

/** In PEM, with its newline at the end. */
export function drawnPrivateKey(kind: 'ed25519' | 'ec' | 'rsa', passphrase?: string): string {
  const seal = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  if (kind === 'ed25519') {
    const { privateKey } = generateKeyPairSync('ed25519');
    return privateKey.export({ type: 'pkcs8', format: 'pem', ...seal }).toString();
  }
  if (kind === 'ec') {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return privateKey.export({ type: 'sec1', format: 'pem', ...seal }).toString();
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem', ...seal }).toString();
}
