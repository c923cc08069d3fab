import { parseAst } from 'rolldown/parseAst';
import { expect, test } from 'vitest';
import { lazyBuiltIns } from '../../../scripts/build/lazy-built-ins.js';

const plugin = lazyBuiltIns();
const rendered = (code: string): string => plugin.renderChunk.call({ parse: parseAst }, code).code;
const taken = (name: string): string => `globalThis.process.getBuiltinModule("${name}")`;

test('takes a costly built-in where it is used, and one of every start at once', () => {
  expect(
    rendered(
      'let node_fs = require("node:fs"); let node_net = require("node:net"); exports.a = () => new node_net.Server((0, node_fs.readFileSync)("x"));',
    ),
  ).toBe(
    `let node_fs = ${taken('node:fs')}; let node_net$, node_net = () => node_net$ ??= ${taken('node:net')}; exports.a = () => new (node_net()).Server((0, node_fs.readFileSync)("x"));`,
  );
});

test('takes the whole of a module without the wrapping that would read its every export', () => {
  expect(
    rendered(
      'let node_net = require("node:net"); node_net = runtime.toESM(node_net, 1); exports.a = () => [node_net.default.connect, node_net.connect];',
    ),
  ).toBe(
    `let node_net$, node_net = () => node_net$ ??= ${taken('node:net')};  exports.a = () => [(node_net()).connect, (node_net()).connect];`,
  );
  expect(
    rendered(
      'let node_process = require("node:process"); node_process = toESM(node_process); exports.a = node_process.default.env;',
    ),
  ).toBe(`let node_process = ${taken('node:process')};  exports.a = node_process.env;`);
});

test('leaves out a built-in that is required for nothing', () => {
  expect(rendered('require("node:process"); exports.a = 1;')).toBe(' exports.a = 1;');
});

test('stops the build where a built-in is handed on as a whole', () => {
  expect(() => rendered('let node_net = require("node:net"); exports.a = { node_net };')).toThrow(
    'node_net is used as a whole.',
  );
  expect(() => rendered('let node_net = require("node:net"); exports.a = (f) => f(node_net);')).toThrow(
    'node_net is used as a whole.',
  );
});

test('takes the module itself where it is imported late, and requires a package', () => {
  expect(
    rendered(
      'exports.a = async () => (await import("node:zlib")).constants; exports.b = () => import("keytar");',
    ),
  ).toBe(
    `exports.a = async () => (await Promise.resolve(${taken('node:zlib')})).constants; exports.b = () => Promise.resolve().then(() => ({ default: require("keytar") }));`,
  );
});

test('stops the build where what is imported late is not named', () => {
  expect(() => rendered('exports.a = (name) => import(name);')).toThrow('must be named');
});

test('leaves other files alone', () => {
  const code = 'const a = require("./a.js"); const keytar = require("keytar"); exports.b = [keytar, a];';
  expect(rendered(code)).toBe(code);
});

test('takes built-ins that a package requires without a require, and leaves packages to the bundler', () => {
  const { code } = plugin.transform.handler(
    `const fs = require('fs'), tls = require("node:tls"), ws = require('ws'), own = x.require('fs');`,
  );
  expect(code).toBe(
    `const fs = ${taken('fs')}, tls = ${taken('node:tls')}, ws = require('ws'), own = x.require('fs');`,
  );
});
