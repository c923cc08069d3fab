/** A terminal's input and output without a terminal: keys are pushed, raw mode and writes are remembered. */
import { PassThrough, Writable } from 'node:stream';
import type { RawInput } from '../../../../src/ui/raw-keys.ts';

export interface FakeInput extends RawInput {
  readonly rawModes: readonly boolean[];
  press(keys: string): void;
  hangUp(): void;
}

export function fakeInput(): FakeInput {
  const stream = new PassThrough();
  const rawModes: boolean[] = [];
  return Object.assign(stream, {
    rawModes,
    isRaw: false,
    setRawMode(mode: boolean) {
      rawModes.push(mode);
    },
    press(keys: string) {
      stream.write(keys);
    },
    hangUp() {
      stream.end();
    },
  });
}

export interface FakeOutput extends Writable {
  readonly text: string;
}

export function fakeOutput(): FakeOutput {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return Object.defineProperty(stream, 'text', { get: () => chunks.join('') }) as FakeOutput;
}
