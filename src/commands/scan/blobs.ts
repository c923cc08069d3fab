/** Contents out of git's own store, as they were put in: no filter, no conversion of line ends, nothing fetched. */
import type { MiraError } from '../../errors.ts';
import { failed, streamGit, type GitHost } from './git.ts';

/** GitHub takes no file over 100 MB. */
const LARGEST_BLOB = 128 * 1024 * 1024;

interface BlobRequest {
  readonly cwd: string;
  readonly ignoresEnv?: boolean | undefined;
  readonly ids: readonly string[];
}

/** Undefined for one that is too large, or not on this machine. In the order of the request, one at a time. */
type OnBlob = (index: number, content: Buffer | 'too_large' | 'not_here') => void;

/** @throws MiraError `storage_failed` */
export async function readBlobs(host: GitHost, request: BlobRequest, onBlob: OnBlob): Promise<void> {
  let next = 0;
  for (let attempt = 0; attempt < MOST_ATTEMPTS && next < request.ids.length; attempt += 1) {
    next += await readSome(host, { ...request, ids: request.ids.slice(next) }, offset(onBlob, next));
    // Of a clone that has only a part, git ends at the first that it would have to fetch, which it may not.
    if (next < request.ids.length) onBlob(next++, 'not_here');
  }
  while (next < request.ids.length) onBlob(next++, 'not_here');
}

const MOST_ATTEMPTS = 20;

function offset(onBlob: OnBlob, by: number): OnBlob {
  return (index, content) => onBlob(by + index, content);
}

/** How many it got to. */
async function readSome(host: GitHost, { ids, ...where }: BlobRequest, onBlob: OnBlob): Promise<number> {
  const stdin = ids.map((id) => `${id}\n`).join('');
  let read = 0;
  const outcome = await streamGit(
    host,
    { ...where, args: ['cat-file', '--batch'], stdin },
    async (stdout) => {
      const reader = createReader(stdout);
      for (const index of ids.keys()) {
        const header = await reader.line();
        if (header === undefined) return;
        const size = Number(/^[0-9a-f]+ \w+ (\d+)$/.exec(header)?.[1] ?? Number.NaN);
        if (Number.isNaN(size)) onBlob(index, 'not_here');
        else if (size > LARGEST_BLOB) {
          await reader.skip(size + 1);
          onBlob(index, 'too_large');
        } else {
          const content = await reader.bytes(size);
          await reader.skip(1);
          onBlob(index, content);
        }
        read += 1;
      }
    },
  );
  if (outcome !== undefined && outcome.code !== 0 && !/could not fetch/.test(outcome.complaint)) {
    throw failed(outcome.complaint);
  }
  return read;
}

interface Reader {
  line(): Promise<string | undefined>;
  bytes(count: number): Promise<Buffer>;
  skip(count: number): Promise<void>;
}

function createReader(stdout: AsyncIterable<Buffer>): Reader {
  const chunks = stdout[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  const more = async (): Promise<boolean> => {
    const { done, value } = await chunks.next();
    rest = done === true ? Buffer.alloc(0) : value;
    return done !== true;
  };
  /** Up to that many bytes of what is there; waits only when nothing is. */
  const some = async (most: number): Promise<Buffer> => {
    if (rest.length === 0 && !(await more())) throw cutShort();
    const part = rest.subarray(0, most);
    rest = rest.subarray(part.length);
    return part;
  };

  return {
    async line() {
      const parts: Buffer[] = [];
      for (;;) {
        if (rest.length === 0 && !(await more())) return undefined;
        const end = rest.indexOf(0x0a);
        parts.push(end === -1 ? rest : rest.subarray(0, end));
        rest = end === -1 ? Buffer.alloc(0) : rest.subarray(end + 1);
        if (end !== -1) return Buffer.concat(parts).toString('latin1');
      }
    },
    async bytes(count) {
      const parts: Buffer[] = [];
      for (let left = count; left > 0;) {
        const part = await some(left);
        parts.push(part);
        left -= part.length;
      }
      return Buffer.concat(parts, count);
    },
    async skip(count) {
      for (let left = count; left > 0;) left -= (await some(left)).length;
    },
  };
}

function cutShort(): MiraError {
  return failed('it stopped in the middle of a file');
}
