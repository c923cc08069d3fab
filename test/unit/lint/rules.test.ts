import { beforeAll, describe, expect, it } from 'vitest';
import { lintTree } from '../../support/lint-tree.ts';
import type { Finding } from '../../support/lint-tree.ts';

/** A test with a mark on it, put together here so that no search for such marks finds this file. */
const marked = (mark: string) =>
  `import { expect, it } from 'vitest';\nit.${mark}('x', () => {\n  expect(1).toBe(1);\n});\n`;

/** One planted fault for each rule that the configuration turns on by name, types needed or not. */
const FAULTS = {
  'eslint(eqeqeq)': { 'src/auth/a.ts': 'export const same = (a: number, b: number) => a == b;\n' },
  'eslint(no-var)': { 'src/auth/b.ts': 'var a = 1;\nexport const b = a;\n' },
  'eslint(prefer-const)': { 'src/auth/c.ts': 'let a = 1;\nexport const b = a;\n' },
  'eslint(no-param-reassign)': {
    'src/auth/d.ts': 'export function f(a: number): number {\n  a = 2;\n  return a;\n}\n',
  },
  'import(no-cycle)': {
    'src/auth/e.ts': "import { g } from './f.ts';\nexport const e = () => g;\n",
    'src/auth/f.ts': "import { e } from './e.ts';\nexport const g = () => e;\n",
  },
  'import(no-default-export)': { 'src/auth/g.ts': 'export default 1;\n' },
  'typescript(consistent-type-imports)': {
    'src/auth/h.ts': "import { Stats } from 'node:fs';\nexport type Mine = Stats;\n",
  },
  'typescript(no-explicit-any)': { 'src/auth/i.ts': 'export const a = (b: any): unknown => b;\n' },
  'typescript(no-floating-promises)': {
    'src/auth/j.ts': 'export function f(g: () => Promise<void>): void {\n  g();\n}\n',
  },
  'typescript(no-misused-promises)': {
    'src/auth/k.ts':
      'export const f = (all: readonly number[], g: (n: number) => Promise<void>) => all.forEach(async (n) => g(n));\n',
  },
  'typescript(no-non-null-assertion)': {
    'src/auth/l.ts': 'export const f = (a: string | undefined) => a!.length;\n',
  },
  'typescript(only-throw-error)': { 'src/auth/m.ts': "export function f(): never {\n  throw 'x';\n}\n" },
  'typescript(return-await)': {
    'src/auth/n.ts':
      'export async function f(g: () => Promise<number>): Promise<number> {\n  try {\n    return g();\n  } finally {\n    Math.max(1);\n  }\n}\n',
  },
  'typescript(switch-exhaustiveness-check)': {
    'src/auth/o.ts':
      "export function f(a: 'x' | 'y'): number {\n  let n = 0;\n  switch (a) {\n    case 'x':\n      n = 1;\n      break;\n  }\n  return n;\n}\n",
  },
  'typescript(no-deprecated)': {
    'src/auth/p.ts': 'export const f = (a: string) => a.substr(1);\n',
  },
  'react-hooks(rules-of-hooks)': {
    'src/ui/q.tsx':
      "import { useState } from 'react';\nexport function Q({ on }: { readonly on: boolean }) {\n  if (on) useState(1);\n  return null;\n}\n",
  },
  'react-hooks(exhaustive-deps)': {
    'src/ui/r.tsx':
      "import { useEffect } from 'react';\nexport function R({ on }: { readonly on: () => void }) {\n  useEffect(() => {\n    on();\n  }, []);\n  return null;\n}\n",
  },
  'vitest(no-focused-tests)': {
    'test/s.test.ts': marked('only'),
  },
  'vitest(no-disabled-tests)': {
    'test/t.test.ts': marked('skip'),
  },
  'vitest(expect-expect)': { 'test/u.test.ts': "import { it } from 'vitest';\nit('x', () => {});\n" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

const CLEAN = {
  'src/auth/clean.ts':
    "import type { Stats } from 'node:fs';\nexport async function sizeOf(read: () => Promise<Stats>): Promise<number> {\n  const { size } = await read();\n  return size;\n}\n",
  'test/clean.test.ts':
    "import { expect, it } from 'vitest';\nit('holds', () => {\n  expect(1).toBe(1);\n});\n",
};

describe('the linter', () => {
  let findings: readonly Finding[] = [];

  beforeAll(async () => {
    findings = await lintTree({ ...Object.assign({}, ...Object.values(FAULTS)), ...CLEAN });
  });

  it.each(Object.entries(FAULTS))('sees a fault of %s', (rule, files) => {
    const [path = ''] = Object.keys(files);
    expect(new Set(findings.filter(({ file }) => file === path).map((finding) => finding.rule))).toEqual(
      new Set([rule]),
    );
  });

  it('says nothing of clean files', () => {
    expect(findings.filter(({ file }) => file in CLEAN)).toEqual([]);
  });
});
