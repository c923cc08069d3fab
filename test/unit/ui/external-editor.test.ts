import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandWords, editInEditor } from '../../../src/ui/external-editor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('commandWords', () => {
  it.each([
    ['vim', ['vim']],
    ['  code --wait  ', ['code', '--wait']],
    ['"/opt/my editor/bin/ed" -w', ['/opt/my editor/bin/ed', '-w']],
    [`emacs -nw --eval '(setq x "y z")'`, ['emacs', '-nw', '--eval', '(setq x "y z")']],
    ['/opt/my\\ editor', ['/opt/my editor']],
    ['ed "a\\"b"', ['ed', 'a"b']],
    [`a"b c"'d e'f`, ['ab cd ef']],
    ['ed $(touch x); rm `y`', ['ed', '$(touch', 'x);', 'rm', '`y`']],
    [`it's`, [`it's`]],
    ['', []],
  ])('takes %j as a shell would its words', (command, words) => {
    expect(commandWords(command, 'linux')).toEqual(words);
  });

  it('leaves the backslashes of Windows alone', () => {
    expect(commandWords('"C:\\Program Files\\ed.exe" -w C:\\x', 'win32')).toEqual([
      'C:\\Program Files\\ed.exe',
      '-w',
      'C:\\x',
    ]);
  });
});

describe('editInEditor', () => {
  const signal = new AbortController().signal;

  /** An editor that is a script, with its own folder for temporary files. */
  async function editor(script: string) {
    const folder = await temporaryFolder();
    onTestFinished(() => folder[Symbol.asyncDispose]());
    const path = join(folder.path, 'my editor');
    const temporary = join(folder.path, 'tmp');
    await mkdir(temporary);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o700);
    const env = {
      PATH: process.env['PATH'],
      TMPDIR: temporary,
      VISUAL: `"${path}" --wait`,
      OUT: folder.path,
    };
    return { folder, temporary, env, options: { env, platform: 'linux' as const, signal } };
  }

  it('hands the text over in a private file and takes over what is left of it', async () => {
    const { temporary, options, env } = await editor(
      'stat -c "%a %n" "$2" "$(dirname "$2")" > "$OUT/modes"; cat "$2" > "$OUT/seen"; printf "new\\r\\ntext\\n" > "$2"; echo "$1" > "$OUT/option"',
    );
    expect(await editInEditor('old\ntext', options)).toEqual({ kind: 'edited', text: 'new\ntext' });
    const read = (name: string) => readFile(join(env.OUT, name), 'utf8');
    expect(await read('seen')).toBe('old\ntext\n');
    expect(await read('option')).toBe('--wait\n');
    expect(await read('modes')).toMatch(/^600 \S+\/message\.md\n700 \S+\/mira-\w+\n$/u);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('gives it none of our secrets', async () => {
    const { options, env } = await editor('env > "$OUT/env"');
    const secret = { MIRA_API_KEY: 'a', MIRA_TOKEN: 'b', OPENAI_API_KEY: 'c', AWS_SECRET_ACCESS_KEY: 'd' };
    await editInEditor('', { ...options, env: { ...env, ...secret, COLORTERM: 'yes' } });
    const seen = await readFile(join(env.OUT, 'env'), 'utf8');
    expect(seen).toContain('COLORTERM=yes');
    expect(seen).not.toMatch(/^(MIRA|OPENAI|AWS)_/mu);
  });

  it.each([
    ['exit 3', /^The editor my editor ended with status 3; the text is as it was\.$/u],
    ['kill -TERM $$', /^The editor .* ended with SIGTERM; the text is as it was\.$/u],
    ['rm "$2"', /^The file for the editor could not be written or read\.$/u],
  ])('says why nothing came of `%s`, and leaves no file', async (script, reason) => {
    const { temporary, options } = await editor(script);
    const edited = await editInEditor('text', options);
    expect(edited).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) });
    expect(await readdir(temporary)).toEqual([]);
  });

  it('says which editor is missing', async () => {
    const { temporary, options, env } = await editor('');
    const missing = { ...options, env: { ...env, VISUAL: '', EDITOR: 'no-such-editor-here -w' } };
    expect(await editInEditor('text', missing)).toEqual({
      kind: 'failed',
      reason: 'There is no editor no-such-editor-here.',
    });
    expect(await readdir(temporary)).toEqual([]);
  });

  it('takes a usual editor where none is named, and says so where there is none', async () => {
    const { folder, options, env } = await editor('printf usual > "$1"');
    const bin = join(folder.path, 'bin');
    await mkdir(bin);
    const named = { ...options, env: { ...env, VISUAL: undefined, PATH: bin } };
    expect(await editInEditor('text', named)).toEqual({
      kind: 'failed',
      reason: 'There is no editor here; set VISUAL or EDITOR to yours.',
    });
    await writeFile(join(bin, 'nano'), '#!/bin/sh\nprintf usual > "$1"\n', { mode: 0o700 });
    expect(await editInEditor('text', named)).toEqual({ kind: 'edited', text: 'usual' });
  });

  it('ends it with the signal', async () => {
    const { options } = await editor('exec sleep 60');
    const controller = new AbortController();
    const edited = editInEditor('text', { ...options, signal: controller.signal });
    controller.abort();
    expect(await edited).toEqual({
      kind: 'failed',
      reason: 'The editor my editor ended with SIGTERM; the text is as it was.',
    });
  });

  it('takes no control characters over', async () => {
    const { options } = await editor(`printf 'a\\033[2Jb\\001' > "$2"`);
    expect(await editInEditor('text', options)).toEqual({ kind: 'edited', text: 'ab' });
  });
});
