/**
 * An address as a QR code of half blocks: a character holds two modules, one above the other, and is as wide
 * as one, so that modules come out square. What a row leaves blank is the paper.
 */
import { encode } from 'uqr';
import { row, type Row } from '../rows.ts';

export interface QrCode {
  /** Cells. */
  readonly width: number;
  readonly rows: readonly Row[];
}

export interface QrLook {
  /**
   * Black on white can be painted. Without colour the modules stay blank and the paper is drawn, which is
   * right in the dark windows that most terminals are; cameras read the other way round too.
   */
  readonly color: boolean;
}

/** Undefined for an address of a length that no window of a terminal can show. */
export function qrCode(text: string, { color }: QrLook): QrCode | undefined {
  if (Buffer.byteLength(text) > LONGEST) return undefined;
  const { data, size } = encode(text, { ecc: 'L', border: QUIET_ZONE });
  const isDrawn = (x: number, y: number): boolean => (data[y]?.[x] ?? false) === color;
  const rows: Row[] = [];
  for (let y = 0; y < size; y += 2) {
    const cells = Array.from({ length: size }, (_, x) => {
      // Below an odd last row there is no module: paper.
      const below = y + 1 < size ? isDrawn(x, y + 1) : !color;
      return HALVES[Number(isDrawn(x, y)) * 2 + Number(below)] ?? ' ';
    });
    rows.push(row(cells.join(''), 'paper'));
  }
  return { width: size, rows };
}

/** The standard asks for four modules; two are enough for the cameras of phones, and the window is small. */
const QUIET_ZONE = 2;
const LONGEST = 1_000;
/** Neither, the lower, the upper, both. */
const HALVES = [' ', '▄', '▀', '█'] as const;
