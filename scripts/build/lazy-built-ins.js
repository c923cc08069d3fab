/**
 * Takes built-in modules when they are used. Many a file holds a function that needs a costly module and is not called
 * by the command that runs: `node:fs/promises` brings ten others along, `node:crypto` all of OpenSSL's names.
 */
import { isBuiltin } from 'node:module';

/** Part of every start of Node, and so there already. */
const IN_EVERY_START = new Set(['buffer', 'events', 'fs', 'module', 'path', 'process', 'url', 'util']);

export function lazyBuiltIns() {
  return {
    name: 'lazy-built-ins',
    transform: {
      filter: { id: /[\\/]node_modules[\\/]/ },
      // For CommonJS in an ES module the bundler would make a `require` out of node:module.
      handler: (code) => ({ code: code.replaceAll(REQUIRE, takenWhere), map: null }),
    },
    renderChunk(code) {
      return { code: withBuiltInsTaken(code, this.parse(code)), map: null };
    },
  };
}

const REQUIRE = /(?<![\w$.])require\((['"])(?<name>[\w:/]+)\1\)/g;

function takenWhere(whole, _quote, name) {
  return isBuiltin(name) ? take(name) : whole;
}

/** Spelled out, because a file may well have the process under its own name. */
function take(name) {
  return `globalThis.process.getBuiltinModule(${JSON.stringify(name)})`;
}

/**
 * The bundler declares `let node_fs = require("node:fs")`, wraps it once more where the module was taken as a
 * whole (`node_fs = toESM(node_fs, 1)`), and reads `node_fs.name` from then on: all through a name of its own making.
 */
function withBuiltInsTaken(code, program) {
  const builtIns = new Map();
  const edits = [];
  const replace = ({ start, end }, by) => edits.push({ start, end, by });
  const rest = [];
  for (const node of program.body) {
    const declared = node.type === 'VariableDeclaration' ? node.declarations : [];
    const found = declared.length === 1 ? requiredBuiltIn(declared[0].init) : undefined;
    if (found !== undefined) {
      const { name } = declared[0].id;
      const isLate = !IN_EVERY_START.has(found.replace('node:', ''));
      const value = take(found);
      builtIns.set(name, { isLate });
      replace(
        node,
        isLate ? `let ${name}$, ${name} = () => ${name}$ ??= ${value};` : `let ${name} = ${value};`,
      );
    } else if (isForNothing(node.expression) || isWrapping(node.expression, builtIns)) {
      replace(node, '');
    } else {
      rest.push(node);
    }
  }
  visit({ type: 'Program', rest }, (node, parent) => {
    if (node.type === 'ImportExpression') replace(node, importedLate(node.source.value));
    if (node.type === 'Identifier' && builtIns.has(node.name) && parent.type !== 'MemberExpression')
      throw new Error(`${node.name} is used as a whole.`);
    const used = node.type === 'MemberExpression' && builtIns.get(node.object.name);
    if (!used) return;
    const value = used.isLate ? `(${node.object.name}())` : node.object.name;
    const isWhole = !node.computed && node.property.name === 'default';
    replace(isWhole ? node : node.object, value);
  });
  // From the end, so that the positions of those before stay true.
  return edits
    .sort((one, other) => other.start - one.start)
    .reduce((text, { start, end, by }) => text.slice(0, start) + by + text.slice(end), code);
}

function requiredBuiltIn(node) {
  if (node?.type !== 'CallExpression' || node.callee.name !== 'require') return undefined;
  const { value } = node.arguments[0];
  return isBuiltin(value) ? value : undefined;
}

function isForNothing(node) {
  return requiredBuiltIn(node) !== undefined;
}

function isWrapping(node, builtIns) {
  return node?.type === 'AssignmentExpression' && builtIns.has(node.left.name);
}

/** `import()` would have every export of a built-in read; and a file that is not loaded by Node itself has none. */
function importedLate(name) {
  if (typeof name !== 'string') throw new Error('What is imported late must be named where it is imported.');
  return isBuiltin(name)
    ? `Promise.resolve(${take(name)})`
    : `Promise.resolve().then(() => ({ default: require(${JSON.stringify(name)}) }))`;
}

function visit(node, see, parent = node) {
  see(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') visit(child, see, node);
    }
  }
}
