#!/usr/bin/env node
'use strict';
// Written in ES5 and as CommonJS, because a Node that is too old must still be able to read it and say so.
// What the start of every command pays for is in here; the program itself is in dist.

var fs = require('fs');
var path = require('path');
var manifest = require('../package.json');

var args = process.argv.slice(2);

if (!isNewEnough(process.versions.node, oldestNode())) {
  refuseOldNode();
} else if (!(args.length === 1 && args[0] === '--version' && printVersion())) {
  start();
}

function oldestNode() {
  return manifest.engines.node.replace(/[^\d.]/g, '');
}

function isNewEnough(found, needed) {
  var have = found.split('.');
  var want = needed.split('.');
  var major = Number(have[0]) - Number(want[0]);
  return major > 0 || (major === 0 && Number(have[1]) >= Number(want[1]));
}

function refuseOldNode() {
  var message = 'mira needs Node ' + oldestNode() + ' or newer; this is Node ' + process.versions.node + '.';
  fail('node_too_old', message, 'Install a newer Node and run the command again.');
}

// True when the version was written. Any trouble with stdout is left to the program, which has words for it.
function printVersion() {
  try {
    fs.writeSync(1, manifest.version + '\n');
    return true;
  } catch (error) {
    return false;
  }
}

function start() {
  // 0077: nothing that is made from here on is for other users. What was before is for the programs that mira runs.
  var umask = process.umask(63);
  turnOnCompileCache();
  var program;
  try {
    program = require('../dist/main.js');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' || fs.existsSync(path.join(__dirname, '../dist/main.js')))
      throw error;
    fail('unexpected', 'mira is not built yet.', 'Run npm run build in ' + path.dirname(__dirname) + '.');
    return;
  }
  void program.main(umask);
}

// Compiled code is run without being compared with its source in full, so the folder must be one that no other
// user can write: Node's default below the shared temporary folder is not.
function turnOnCompileCache() {
  var folder = cacheFolder();
  if (folder === undefined) return;
  try {
    folder = path.join(folder, 'compile');
    makeFolder(folder);
    require('module').enableCompileCache(folder);
  } catch (error) {
    // Starting is slower without it and nothing else.
  }
}

// Node's own `recursive` never returns below /proc, where nothing can be made.
function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  var parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    fs.mkdirSync(folder, 448); // 0700
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

function cacheFolder() {
  var env = process.env;
  var home = env.HOME || env.USERPROFILE;
  if (env.MIRA_DATA_DIR) return path.join(env.MIRA_DATA_DIR, 'cache');
  if (process.platform === 'win32')
    return env.LOCALAPPDATA && path.join(env.LOCALAPPDATA, 'mira-cli', 'cache');
  if (process.platform === 'darwin') return home && path.join(home, 'Library', 'Caches', 'mira-cli');
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME))
    return path.join(env.XDG_CACHE_HOME, 'mira-cli');
  return home && path.join(home, '.cache', 'mira-cli');
}

function fail(code, message, hint) {
  process.exitCode = 1;
  if (wantsJson()) {
    var failure = { code: code, message: message, exit_code: 1, retryable: false, hint: hint };
    say(1, JSON.stringify({ schema: 'mira.error/1', error: failure }));
  }
  say(2, message + ' ' + hint);
}

function wantsJson() {
  var end = args.indexOf('--');
  var own = end === -1 ? args : args.slice(0, end);
  return own.indexOf('--json') !== -1;
}

function say(stream, line) {
  try {
    fs.writeSync(stream, line + '\n');
  } catch (error) {
    // Nobody listens any more; the exit code still says it.
  }
}
