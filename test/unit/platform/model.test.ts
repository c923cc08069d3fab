import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readDocumentation, splitDocument } from '../../support/platform/documentation.ts';
import { createLibrarian } from '../../support/platform/model.ts';

const README = `# mira

A terminal client.

## Signing in

Run \`mira auth login\` and type the code.

## Signing out

Run \`mira auth logout\`. It revokes the refresh token first.

\`\`\`
# not a heading
mira auth logout --local
\`\`\`

## Proxies

HTTPS_PROXY is honoured, never for loopback.
`;

async function documents(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'mira-docs-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  }
  return root;
}

async function ask(root: string, text: string, model: 'mira' | 'mira-pro' = 'mira'): Promise<string> {
  return createLibrarian(await readDocumentation(root)).answer({ text, model });
}

describe('the documents', () => {
  test('are split at headings, and a line in a code block is no heading', () => {
    expect(splitDocument('README.md', README).map(({ heading }) => heading)).toEqual([
      'mira',
      'Signing in',
      'Signing out',
      'Proxies',
    ]);
  });

  test('break up where much stands under one heading, never inside a code block', () => {
    const paragraph = `${'word '.repeat(100).trim()}\n\n`;
    const code = `\`\`\`\n${paragraph.repeat(4)}\`\`\`\n`;
    const passages = splitDocument('a.md', `# Long\n\n${paragraph.repeat(4)}${code}`);

    expect(passages.map(({ heading }) => heading)).toEqual(['Long', 'Long', 'Long']);
    expect(passages.map(({ text }) => text.split('```').length - 1)).toEqual([0, 0, 2]);
  });

  test('are README.md and docs; the recorded help texts stand in when there are none', async () => {
    const root = await documents({ 'README.md': README, 'docs/a/b.md': '# Deep\n\ntext', 'other.md': 'no' });
    const bare = await documents({ 'test/golden/help.txt': 'Usage: mira chat' });
    const files = async (folder: string) =>
      new Set((await readDocumentation(folder)).map(({ file }) => file));

    expect(await files(root)).toEqual(new Set(['README.md', 'docs/a/b.md']));
    expect(await files(bare)).toEqual(new Set(['test/golden/help.txt']));
  });
});

describe('the model', () => {
  test.each([
    ['How do I sign out?', 'Signing out'],
    ['logout', 'Signing out'],
    ['how can I log in', 'Signing in'],
    ['does it work behind a proxy?', 'Proxies'],
  ])('quotes the passage for %j and names where it stands', async (question, heading) => {
    const answer = await ask(await documents({ 'README.md': README }), question);

    expect(answer.endsWith(`— README.md, “${heading}”`)).toBe(true);
  });

  test('mira-pro also names where to read on', async () => {
    expect(await ask(await documents({ 'README.md': README }), 'How do I sign out?', 'mira-pro')).toContain(
      'See also: README.md, “Signing in”',
    );
  });

  test('does not invent: it says that it found nothing, and what it knows', async () => {
    const answer = await ask(await documents({ 'README.md': README }), 'What is the capital of Peru?');

    expect(answer).toMatch(/^I only know mira's own documents, and found nothing/);
    expect(answer).toContain('- Signing out');
  });

  test('one word in common is not an answer', async () => {
    const question = 'Translate this token poem about rivers, mountains and clouds';

    expect(await ask(await documents({ 'README.md': README }), question)).toMatch(/^I only know/);
  });

  test('has an answer even without any document', async () => {
    expect(await ask(await documents({}), 'hello')).toContain('There are no documents here yet.');
  });
});
