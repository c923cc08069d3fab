/**
 * The text of an answer that comes in numbered blocks, which some services interleave, in the order the blocks began.
 */
import type { Speech } from './speech.ts';

export type BlockKind = 'text' | 'reasoning';

export interface ContentBlocks {
  add(index: number, kind: BlockKind, text: string): void;
  /** The block is whole: those that began after it may speak. */
  stop(index: number): void;
  /** No more will come. */
  end(): void;
  /** Some words came. */
  readonly begun: boolean;
}

/** Words of the first open block of a kind go out as they come; those of later blocks wait until it has stopped. */
export function createContentBlocks(output: Speech): ContentBlocks {
  interface Block {
    readonly index: number;
    readonly kind: BlockKind;
    pending: string;
    stopped: boolean;
  }
  /** In the order they began. Servers that number nothing have one of each kind. */
  let blocks: readonly Block[] = [];
  let begun = false;

  const flow = (all: boolean): void => {
    for (const kind of ['reasoning', 'text'] as const) {
      for (const block of blocks.filter((one) => one.kind === kind)) {
        if (block.pending !== '') output.add(kind, block.pending);
        block.pending = '';
        if (!block.stopped && !all) break;
      }
    }
  };
  return {
    add(index: number, kind: BlockKind, text: string): void {
      let block = blocks.find((one) => one.index === index && one.kind === kind);
      if (block === undefined) {
        block = { index, kind, pending: '', stopped: false };
        blocks = [...blocks, block];
      }
      if (text === '') return;
      begun = true;
      block.pending += text;
      flow(false);
    },
    stop(index: number): void {
      for (const block of blocks) if (block.index === index) block.stopped = true;
      flow(false);
      blocks = blocks.filter(({ stopped, pending }) => !stopped || pending !== '');
    },
    end: () => flow(true),
    get begun() {
      return begun;
    },
  };
}
