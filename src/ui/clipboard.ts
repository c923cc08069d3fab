/**
 * Copying, by what is nearest to the person: over SSH only their terminal can reach their clipboard (OSC 52);
 * otherwise the system's own tool, and the terminal again where there is none.
 */
import { spawn } from 'node:child_process';
import { childEnvironment, type Environment } from './child-environment.ts';

export interface CopyOptions {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly isSsh: boolean;
  /** Absent when no terminal listens. */
  readonly writeToTerminal?: ((sequence: string) => void) | undefined;
}

/** How it was copied, `osc52` or the tool's name; undefined when it was not. A terminal never confirms OSC 52. */
export async function copyText(text: string, options: CopyOptions): Promise<string | undefined> {
  if (!options.isSsh) {
    for (const tool of toolsFor(options)) {
      if (await pipeTo(tool, { text, env: options.env })) return tool.command;
    }
  }
  if (options.writeToTerminal === undefined || Buffer.byteLength(text) > LARGEST_OSC52) return undefined;
  options.writeToTerminal(osc52(text, options.env));
  return 'osc52';
}

const TOOL_LIMIT_MS = 1_000;
/** What common terminals still accept, before base64. */
const LARGEST_OSC52 = 74_000;

interface Tool {
  readonly command: string;
  readonly args: readonly string[];
  readonly encoding: 'utf8' | 'utf16le';
}

function toolsFor({ env, platform }: CopyOptions): readonly Tool[] {
  const windows: Tool = { command: 'clip.exe', args: [], encoding: 'utf16le' };
  if (platform === 'win32' || env['WSL_DISTRO_NAME']) return [windows];
  if (platform === 'darwin') return [{ command: 'pbcopy', args: [], encoding: 'utf8' }];
  const tools: Tool[] = [];
  if (env['WAYLAND_DISPLAY']) tools.push({ command: 'wl-copy', args: [], encoding: 'utf8' });
  if (env['DISPLAY']) {
    tools.push({ command: 'xclip', args: ['-selection', 'clipboard'], encoding: 'utf8' });
    tools.push({ command: 'xsel', args: ['--clipboard', '--input'], encoding: 'utf8' });
  }
  return tools;
}

/** True when the tool took the text and ended well within its limit. */
function pipeTo(tool: Tool, input: { readonly text: string; readonly env: Environment }): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(tool.command, tool.args, {
      env: childEnvironment(input.env),
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: TOOL_LIMIT_MS,
      killSignal: 'SIGKILL',
      windowsHide: true,
    });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
    // A tool that does not read is judged by its exit status, not by the broken pipe.
    child.stdin.on('error', () => {});
    child.stdin.end(input.text, tool.encoding);
  });
}

function osc52(text: string, env: Environment): string {
  const sequence = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
  // tmux takes the plain form if set-clipboard is on and hands the wrapped one through if allow-passthrough is.
  if (env['TMUX']) return `${sequence}\x1bPtmux;\x1b${sequence}\x1b\\`;
  if (env['STY']) return `\x1bP${sequence}\x1b\\`;
  return sequence;
}
