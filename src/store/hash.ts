import { getBuiltinModule } from 'node:process';

/** SHA-256 in hex. The module is loaded here and not at the top: it costs milliseconds that most commands need not pay. */
export function sha256(text: string): string {
  return getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');
}
