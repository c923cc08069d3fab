'use strict';
// Writes what the engine has compiled for the next start. It is run without being compared with its source in full, so
// the folder must be one that no other user can write: the shared temporary folder will not do.

const fs = require('fs');
const path = require('path');

const OLD_MS = 7 * 24 * 60 * 60 * 1000;

module.exports = function keepCode({ code: { dist, folder, scripts }, names, mark }) {
  makeFolder(folder);
  removeOld({ dist, folder });
  // Before the code is made, which is the costly part: where nothing can be written it ends here.
  write(mark, '');
  for (const name of names) {
    const made = scripts[name].createCachedData();
    write(path.join(folder, name), Buffer.concat([made, made]));
  }
};

// Node's own `recursive` never returns below /proc, where nothing can be made.
function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    fs.mkdirSync(folder, 0o700);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

// What an earlier build or another copy of mira left. What somebody still uses comes back by itself.
function removeOld({ dist, folder }) {
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    const isOurs = fs.existsSync(path.join(dist, name));
    if (!isOurs && Date.now() - fs.statSync(file).mtimeMs > OLD_MS) fs.rmSync(file, { force: true });
  }
}

// Whole or not at all: another mira may be reading it.
function write(file, content) {
  const own = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(own, content, { mode: 0o600, flag: 'wx' });
    fs.renameSync(own, file);
  } catch (error) {
    fs.rmSync(own, { force: true });
    throw error;
  }
}
