/**
 * Takes built-in modules when they are used, and of them only what is used. An `import` makes Node read every export
 * of the module, and with them load what stands behind each: `node:process` alone brings streams, terminals, sockets and
 * workers. And many a chunk holds a function that needs a costly module and is not called by the command that runs.
 */
import { isBuiltin } from 'node:module';

/** Part of every start of Node: to put these off would cost more than it saves. */
const IN_EVERY_START = new Set(['buffer', 'events', 'fs', 'module', 'path', 'process', 'url', 'util']);

export function lazyBuiltIns() {
  return {
    name: 'lazy-built-ins',
    transform: {
      filter: { id: /[\\/]node_modules[\\/]/ },
      // For CommonJS the bundler would make a `require` out of node:module, which costs as much as a small chunk.
      handler: (code) => ({ code: code.replaceAll(REQUIRE, takenWhere), map: null }),
    },
    renderChunk(code) {
      return { code: withoutImports(code, this.parse(code)), map: null };
    },
  };
}

const REQUIRE = /(?<![\w$.])require\((['"])(?<name>[\w:/]+)\1\)/g;

function takenWhere(whole, _quote, name) {
  return isBuiltin(name) ? take(name) : whole;
}

/** Spelled out, because a chunk may well import the process under its own name. */
function take(name) {
  return `globalThis.process.getBuiltinModule(${JSON.stringify(name)})`;
}

function withoutImports(code, program) {
  const facades = program.body.filter(
    (node) => node.type === 'ImportDeclaration' && isBuiltin(node.source.value),
  );
  const uses = usesOf(program);
  const edits = [
    ...facades.flatMap((facade, index) => editsFor(facade, { uses, accessor: `builtIn$${index}` })),
    // What `import()` gives would have every export read too.
    ...uses.late.map(({ start, end, source }) => ({
      start,
      end,
      by: `Promise.resolve(${take(source.value)})`,
    })),
  ];
  // From the end, so that the positions of those before stay true.
  return edits
    .sort((one, other) => other.start - one.start)
    .reduce((text, { start, end, by }) => text.slice(0, start) + by + text.slice(end), code);
}

function editsFor({ start, end, source, specifiers }, { uses, accessor }) {
  const module = take(source.value);
  const isLate = ({ local }) =>
    !IN_EVERY_START.has(source.value.replace('node:', '')) && !uses.hidden.has(local.name);
  const late = specifiers.filter(isLate);
  const early = specifiers.filter((each) => !late.includes(each));
  const declared = [
    ...early.map((each) => `const ${bindingOf(each)} = ${module};`),
    ...(late.length === 0 ? [] : [`let ${accessor}$; const ${accessor} = () => ${accessor}$ ??= ${module};`]),
  ];
  const edits = late.flatMap((each) =>
    (uses.references.get(each.local.name) ?? []).map(({ node, isShorthand }) => {
      const value =
        each.type === 'ImportSpecifier' ? `(${accessor}().${each.imported.name})` : `(${accessor}())`;
      return { start: node.start, end: node.end, by: isShorthand ? `${node.name}: ${value}` : value };
    }),
  );
  return [{ start, end, by: declared.join('') }, ...edits];
}

function bindingOf({ type, imported, local }) {
  return type === 'ImportSpecifier' ? `{ ${imported.name}: ${local.name} }` : local.name;
}

/**
 * Where each name is read, where built-ins are imported late, and which names must stay as they are: those that something else in the chunk declares too
 * (to tell the two apart would take the scopes), and those that the chunk exports.
 */
function usesOf(program) {
  const references = new Map();
  const hidden = new Set();
  const late = [];
  const visit = (node, at) => {
    if (node.type === 'ImportDeclaration' || node.type === 'MetaProperty') return;
    if (node.type === 'Identifier') {
      if (at.declares || at.parent.type === 'ExportSpecifier') hidden.add(node.name);
      else if (!isMereName(at))
        references.set(node.name, [
          ...(references.get(node.name) ?? []),
          { node, isShorthand: at.isShorthand },
        ]);
      return;
    }
    if (node.type === 'ImportExpression' && isBuiltin(node.source.value ?? '')) late.push(node);
    for (const [key, value] of Object.entries(node)) {
      const isShorthand = node.type === 'Property' && node.shorthand;
      // `{ name }` holds the same identifier as its key and as its value.
      if (isShorthand && key === 'key') continue;
      const below = {
        parent: node,
        key,
        isShorthand,
        declares: declares({ node, key, within: at.declares }),
      };
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child?.type === 'string') visit(child, below);
      }
    }
  };
  visit(program, { parent: program, key: '', isShorthand: false, declares: false });
  return { references, hidden, late };
}

/** Does what stands at `key` of the node bring names into being? */
function declares({ node, key, within }) {
  if (/^(?:Arrow)?Function/.test(node.type)) return key === 'params' || key === 'id';
  if (node.type.startsWith('Class') || node.type === 'VariableDeclarator') return key === 'id';
  if (node.type === 'CatchClause') return key === 'param';
  if (/Pattern$|^RestElement$/.test(node.type)) return within && key !== 'right';
  if (node.type === 'Property') return within && key === 'value';
  return false;
}

/** The name of a property or of a label, which is nobody's variable. */
function isMereName({ parent, key }) {
  if (key === 'label') return true;
  return (key === 'property' || key === 'key') && parent.computed !== true;
}
