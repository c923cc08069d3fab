import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { qrCode, type QrCode } from '../../../../src/ui/login/qr-code.ts';

const ADDRESS = 'https://id.example/device?user_code=WDJB-MJHT';

/** Modules as a camera would read them: true is dark. */
function read({ rows, width }: QrCode, color: boolean): readonly (readonly boolean[])[] {
  return rows.flatMap(({ text }) => {
    const halves = [...text].map((cell) => [cell === '▀' || cell === '█', cell === '▄' || cell === '█']);
    expect(halves).toHaveLength(width);
    return [0, 1].map((half) => halves.map((cell) => cell[half] === color));
  });
}

describe.each([true, false])('with colour: %j', (color) => {
  it('holds the modules of the code, two of a column in a character, within a quiet zone', () => {
    const code = qrCode(ADDRESS, { color });
    const { data, size } = encode(ADDRESS, { ecc: 'L', border: 2 });
    const paper = Array<boolean>(size).fill(false);

    expect(code?.width).toBe(33);
    expect(read(code ?? { rows: [], width: 0 }, color)).toEqual([...data, paper]);
    expect(code?.rows.every(({ tone }) => tone === 'paper')).toBe(true);
  });
});

it('is not made of an address that no window could show', () => {
  expect(qrCode(`https://id.example/${'a'.repeat(2000)}`, { color: true })).toBeUndefined();
});
