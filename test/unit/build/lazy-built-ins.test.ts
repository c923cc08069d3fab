import { parseAst } from 'rolldown/parseAst';
import { expect, test } from 'vitest';
import { lazyBuiltIns } from '../../../scripts/build/lazy-built-ins.js';

const plugin = lazyBuiltIns();
const rendered = (code: string): string => plugin.renderChunk.call({ parse: parseAst }, code).code;
const taken = (name: string): string => `globalThis.process.getBuiltinModule("${name}")`;
const accessor = (name: string, index = 0): string =>
  `let builtIn$${index}$; const builtIn$${index} = () => builtIn$${index}$ ??= ${taken(name)};`;

test('takes a costly built-in where it is used, and one of every start at once', () => {
  expect(
    rendered(
      'import { readFileSync as read } from "node:fs"; import { createHash } from "node:crypto"; export const hash = (file) => createHash("sha256").update(read(file));',
    ),
  ).toBe(
    `const { readFileSync: read } = ${taken('node:fs')}; ${accessor('node:crypto', 1)} export const hash = (file) => (builtIn$1().createHash)("sha256").update(read(file));`,
  );
});

test('makes what is new of a class, and a property of a short form', () => {
  expect(
    rendered('import { Server } from "node:net"; export const a = () => new Server(), b = { Server };'),
  ).toBe(
    `${accessor('node:net')} export const a = () => new (builtIn$0().Server)(), b = { Server: (builtIn$0().Server) };`,
  );
});

test('takes the whole of a module', () => {
  expect(
    rendered(
      'import net, * as all from "node:net"; export const a = () => [net.connect, all.connect, a.net];',
    ),
  ).toBe(
    `${accessor('node:net')} export const a = () => [(builtIn$0()).connect, (builtIn$0()).connect, a.net];`,
  );
});

test('leaves alone what is called the same and is something else', () => {
  const rest = ' export const a = (o) => { stat: for (;;) break stat; return o.stat + { stat: 1 }.stat; };';
  expect(rendered(`import { stat } from "node:fs/promises";${rest}`)).toBe(
    `${accessor('node:fs/promises')}${rest}`,
  );
});

test.each([
  ['a variable', 'export const b = () => { const stat = 1; return stat; };'],
  ['a parameter', 'export const b = ({ stat }) => stat;'],
  ['a parameter with a default', 'export const b = ([stat = 1]) => stat;'],
  ['a function', 'export function b() { function stat() {} return stat; }'],
  ['what was caught', 'export function b() { try { b(); } catch (stat) { return stat; } }'],
  ['an export', 'export { stat };'],
])('takes a built-in at once whose name is also that of %s', (_what, rest) => {
  expect(rendered(`import { stat } from "node:fs/promises"; export const a = () => stat("x"); ${rest}`)).toBe(
    `const { stat: stat } = ${taken('node:fs/promises')}; export const a = () => stat("x"); ${rest}`,
  );
});

test('takes the module itself where it is imported late', () => {
  expect(
    rendered('export const a = async () => (await import("node:zlib")).constants, b = () => import("x");'),
  ).toBe(
    `export const a = async () => (await Promise.resolve(${taken('node:zlib')})).constants, b = () => import("x");`,
  );
});

test('leaves imports of packages and of other chunks alone', () => {
  const code = 'import keytar from "keytar"; import { a } from "./a.js"; export const b = [keytar, a];';
  expect(rendered(code)).toBe(code);
});

test('takes built-ins that CommonJS requires without a require, and leaves packages to the bundler', () => {
  const { code } = plugin.transform.handler(
    `const fs = require('fs'), tls = require("node:tls"), ws = require('ws'), own = x.require('fs');`,
  );
  expect(code).toBe(
    `const fs = ${taken('fs')}, tls = ${taken('node:tls')}, ws = require('ws'), own = x.require('fs');`,
  );
});
