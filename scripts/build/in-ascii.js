/**
 * Writes every character beyond ASCII as an escape: one of them makes the engine hold and hash the whole file with two
 * bytes a character, and keeps the loader from reading it byte by byte.
 */
export function inAscii() {
  return {
    name: 'in-ascii',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        const escaped = chunk.code.replaceAll(/[^\0-\x7f]/g, escape);
        // In a tagged template the tag could read what is written; anywhere else both mean the same.
        if (/String\.raw`[^`]*[^\0-\x7f]/.test(chunk.code))
          throw new Error(`${chunk.fileName} quotes what is not ASCII.`);
        chunk.code = escaped;
      }
    },
  };
}

/** By UTF-16 units: a pair of escapes means the same as the character, in strings and in regular expressions. */
function escape(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
