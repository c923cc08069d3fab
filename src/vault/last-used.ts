/**
 * When each token was last given out, in a file of its own: using a token must not need the key of the vault, nor
 * wait for the disk. It is a convenience: whatever is wrong with it, nothing else fails, and a loss loses little.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRecord, parseJson } from '../json.ts';
import { temporaryName } from '../store/leftovers.ts';
import { ensurePrivateDir } from '../store/private-dir.ts';

const FORMAT = 'mira-last-used';
/** A loop that runs a program every second shall not write every second. */
const COARSENESS_MS = 60_000;

export interface LastUsed {
  /** Milliseconds since the epoch by label; empty when nothing is known. */
  read(): ReadonlyMap<string, number>;
  mark(labels: readonly string[], at: number): Promise<void>;
  forget(labels: readonly string[]): void;
}

export function createLastUsed(file: string): LastUsed {
  const read = (): Map<string, number> => {
    try {
      return parse(readFileSync(file, 'utf8'));
    } catch {
      return new Map();
    }
  };
  return {
    read,
    async mark(labels, at) {
      const moments = read();
      const isKnown = (label: string): boolean => Math.abs(at - (moments.get(label) ?? 0)) < COARSENESS_MS;
      if (labels.every(isKnown)) return;
      for (const label of labels) moments.set(label, at);
      try {
        await ensurePrivateDir(dirname(file));
        replace(file, moments);
      } catch {
        // Not worth failing for.
      }
    },
    forget(labels) {
      const moments = read();
      if (labels.filter((label) => moments.delete(label)).length === 0) return;
      try {
        if (moments.size === 0) rmSync(file, { force: true });
        else replace(file, moments);
      } catch {
        // A label that is taken anew is told from its past by when it was added.
      }
    },
  };
}

/** Whole or not at all for whoever reads it; it is not forced to the disk. */
function replace(file: string, moments: ReadonlyMap<string, number>): void {
  const temporary = temporaryName(file);
  try {
    writeFileSync(temporary, JSON.stringify({ fmt: FORMAT, v: 1, tokens: Object.fromEntries(moments) }), {
      mode: 0o600,
      flag: 'wx',
    });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function parse(text: string): Map<string, number> {
  const content = parseJson(text);
  const tokens = isRecord(content) && content['fmt'] === FORMAT ? content['tokens'] : undefined;
  const moments = new Map<string, number>();
  if (!isRecord(tokens)) return moments;
  for (const [label, at] of Object.entries(tokens)) if (typeof at === 'number') moments.set(label, at);
  return moments;
}
