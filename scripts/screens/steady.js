/** What differs from run to run, made always the same: ports, codes, identifiers, seconds, this machine's name. */

const PLACEHOLDERS = [
  [/(?<=127\.0\.0\.1:)\d{5}/gu, () => '40123'],
  [/\b[A-Z]{4}-[A-Z]{4}\b/gu, () => 'WDJB-MJHT'],
  [/(?<=You started this on )[^;]+(?=;)/gu, () => 'laptop'],
  [/\b\d{1,2}:\d\d(?= left)/gu, (time) => (time.length === 5 ? '14:58' : '9:58')],
  [/\b\d+(?= s\b)/gu, (seconds) => '1'.padStart(seconds.length)],
  [/\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{10}\b/gu, () => '1rs5v3yd8t'],
];

/** @param {readonly import('../../test/support/screen-runs.ts').Run[]} runs a row */
export function steadyRow(runs) {
  return runs.map((run) => {
    const text = PLACEHOLDERS.reduce((sofar, [pattern, by]) => sofar.replaceAll(pattern, by), run.text);
    return { ...run, text, cells: run.cells + text.length - run.text.length };
  });
}
