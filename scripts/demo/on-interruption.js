/** Ctrl-C, its relatives and a reader that went away end the demo in order: the program, the servers, the folder. */

const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

export function onInterruption() {
  const controller = new AbortController();
  const interruption = {
    signal: controller.signal,
    /** @type {number | undefined} */
    status: undefined,
    stop() {
      for (const name of Object.keys(STATUS)) process.off(name, end);
    },
  };
  function end(name) {
    interruption.status ??= STATUS[name] ?? 0;
    controller.abort();
  }
  for (const name of Object.keys(STATUS)) process.on(name, end);
  // `npm run demo | head` is no failure; without a listener it would end the process before it cleaned up.
  process.stdout.on('error', () => end('EPIPE'));
  return interruption;
}
