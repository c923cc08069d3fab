'use strict';
// Put before the program with --require: writes to MIRA_NOTE_LOADED which files of dist it reads and which public
// built-in modules it loads beyond those of a bare start.

const fs = require('node:fs');
const { builtinModules } = require('node:module');
const path = require('node:path');

const note = process.env.MIRA_NOTE_LOADED;
const publicNames = new Set(builtinModules);
const loadedNow = () =>
  process.moduleLoadList
    .filter((entry) => entry.startsWith('NativeModule '))
    .map((entry) => entry.slice('NativeModule '.length))
    .filter((name) => publicNames.has(name) && !name.startsWith('_'));

const before = new Set(loadedNow());
const files = [];
const { readFileSync } = fs;

fs.readFileSync = (file, ...rest) => {
  const { dir, base } = path.parse(String(file));
  // Without the hash, which changes with every edit.
  if (path.basename(dir) === 'dist') files.push(base.replace(/-[\w-]{8}\.js$/, '.js'));
  return readFileSync(file, ...rest);
};

process.on('exit', () => {
  const builtIns = loadedNow().filter((name) => !before.has(name));
  fs.writeFileSync(note, JSON.stringify({ files, builtIns: builtIns.sort() }));
});
