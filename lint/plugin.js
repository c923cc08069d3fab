/** The table of layers.ts as three rules. They see every form of import, `await import()` and types included. */
import { dirname, relative, resolve, sep } from 'node:path';
import { FOR_EVERYONE, OWNERS, PARTS, TOUCH_THE_WORLD, TYPES_ONLY } from './layers.ts';

export default {
  meta: { name: 'mira' },
  rules: {
    layers: rule((file, report) =>
      onImport(({ node, from, typeOnly }) => report(node, layerFault(file, from, typeOnly))),
    ),
    owners: rule((file, report) => onImport(({ node, from }) => report(node, ownerFault(file, from)))),
    world: rule(worldVisitors),
  },
};

/** A rule over the files of src. `file` is the path below src; a fault of undefined is none. */
function rule(visitorsOf) {
  return {
    create(context) {
      const file = relative(resolve(context.cwd, 'src'), context.filename).split(sep).join('/');
      if (file.startsWith('../')) return {};
      return visitorsOf(file, (node, message) => {
        if (message !== undefined) context.report({ node, message });
      });
    },
  };
}

function onImport(look) {
  const visit = (node, typeOnly) => {
    const from = node.source?.value;
    if (typeof from === 'string') look({ node, from, typeOnly });
  };
  return {
    ImportDeclaration: (node) =>
      visit(node, node.importKind === 'type' || areAllTypes(node.specifiers, 'importKind')),
    ExportNamedDeclaration: (node) =>
      visit(node, node.exportKind === 'type' || areAllTypes(node.specifiers, 'exportKind')),
    ExportAllDeclaration: (node) => visit(node, node.exportKind === 'type'),
    ImportExpression: (node) => visit(node, false),
    TSImportType: (node) => visit(node, true),
  };
}

const areAllTypes = (specifiers, kind) =>
  specifiers.length > 0 && specifiers.every((each) => each[kind] === 'type');

function layerFault(file, from, typeOnly) {
  if (!from.startsWith('.')) return undefined;
  const target = resolve('/', dirname(file), from).split(sep).join('/').slice(1);
  const [mine, theirs] = [partOf(file), partOf(target)];
  const row = PARTS[mine];
  if (row === undefined) return `lint/layers.ts has no row for ${mine}, so it may import nothing.`;
  if (TYPES_ONLY.includes(mine) && !typeOnly) return `${mine} holds types only and imports nothing else.`;
  if (mine === theirs || FOR_EVERYONE.includes(theirs) || row.may.includes(theirs)) return undefined;
  if (row.types?.includes(theirs))
    return typeOnly ? undefined : `${mine} may import types of ${theirs}, and nothing else of it.`;
  return `${mine} may not import ${theirs}.`;
}

const partOf = (path) => path.split('/')[0].replace(/\.tsx?$/, '');

function ownerFault(file, from) {
  const name = packageOf(from);
  if (name === undefined) return undefined;
  const owners = OWNERS[name];
  if (owners === undefined) return `${name} has no owner in lint/layers.ts.`;
  return owners.some((owner) => covers(owner, file))
    ? undefined
    : `${name} belongs to ${owners.join(' and ')}.`;
}

/** The package a specifier names; undefined for our own files and for what is built into Node, unless that has a row. */
function packageOf(from) {
  if (from.startsWith('.')) return undefined;
  if (from.startsWith('node:')) return from in OWNERS ? from : undefined;
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/');
}

function covers(owner, file) {
  if (owner.endsWith('/')) return file.startsWith(owner);
  if (owner.endsWith('*'))
    return file.startsWith(owner.slice(0, -1)) && !file.slice(owner.length - 1).includes('/');
  return file === owner;
}

/** What the scope rules of the linter cannot say: the clock without arguments, and the process by import. */
function worldVisitors(file, report) {
  if (TOUCH_THE_WORLD.includes(file)) return {};
  const isDate = (callee) => callee.type === 'Identifier' && callee.name === 'Date';
  return {
    NewExpression: (node) => {
      if (isDate(node.callee) && node.arguments.length === 0) report(node, 'Take the time from the context.');
    },
    CallExpression: (node) => {
      if (isDate(node.callee)) report(node, 'Take the time from the context.');
    },
    ImportDeclaration: (node) => {
      if (!/^(?:node:)?process$/.test(node.source.value)) return;
      // Loading a built-in module on first use says nothing about the world.
      const names = node.specifiers.map((each) => each.imported?.name);
      if (!names.every((name) => name === 'getBuiltinModule'))
        report(node, 'Only main.ts reads the process.');
    },
  };
}
