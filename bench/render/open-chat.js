/** The chat of mira in a pseudo-terminal, against the server of tokens. */
import { environmentOf } from '../../test/support/isolated-home.ts';
import { MIRA } from '../../test/support/run-mira.ts';
import { openProgram } from './terminal-program.js';

/** The server's last word stands above a status line that tells of no answer under way. */
export const FINISHED = /THE-END(?![^]*(?:Esc stops|THE-END))[^]*\?2026l/u;

/** Ready for keys; what it has answered is over when the line for the next question stands above the status again. */
export async function openChat({ server, home, node = [], env = {} }) {
  const program = openProgram({
    args: [...node, MIRA, 'chat'],
    env: environmentOf(home, { ...server.env, ...env }),
    cwd: home.path,
  });
  await program.waitFor(/\/help/u);
  return { ...program, finished: FINISHED };
}
