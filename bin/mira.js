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
  var dist = path.join(__dirname, '../dist');
  if (!fs.existsSync(path.join(dist, 'main.js'))) {
    fail('unexpected', 'mira is not built yet.', 'Run npm run build in ' + path.dirname(__dirname) + '.');
    return;
  }
  // 0077: nothing that is made from here on is for other users. What was before is for the programs that mira runs.
  var umask = process.umask(63);
  var code = { dist: dist, folder: codeFolder(), scripts: {}, engine: createEngine() };
  var program = createLoader(code)('./main.js');
  if (code.folder !== undefined) process.on('exit', keepCode.bind(null, code));
  void program.main({ umask: umask, keepMemorySteady: code.engine.keepMemorySteady });
}

// Loads the files of dist, which are CommonJS in ASCII. Node's own cache of compiled code (module.enableCompileCache)
// is filled before a file is run, so without the functions that are compiled when they are first called, which are nearly
// all. That was a third of every start. Here the code is kept from after the run.
function createLoader(code) {
  var vm = require('vm');
  var modules = {};
  return function load(name) {
    if (name.slice(0, 2) !== './') return require(name);
    if (modules[name]) return modules[name].exports;
    var module = (modules[name] = { exports: {} });
    var file = path.join(code.dist, name);
    var source = fs.readFileSync(file, 'latin1');
    var script = code.engine.asItStarted(function () {
      return new vm.Script('(function(exports,require,module,__filename,__dirname){' + source + '\n})', {
        filename: file,
        cachedData: findCode(code, name),
      });
    });
    // The name of any other file tells nothing about its content, and the engine compares no more than the length.
    if (hasHash(name)) code.scripts[name] = script;
    script.runInThisContext()(module.exports, load, module, file, code.dist);
    return module.exports;
  };
}

// What runs for long or reads much is told to stay small. The space for new objects grows with every busy moment, up to
// 128 MB (Node 24), and never shrinks, though little of it is in use; to optimise the parser of HTTP, which is WebAssembly and no
// bottleneck, takes 15 MB for a moment. Code is compiled for the very flags of the engine, so it is read and kept under
// those that it started with.
function createEngine() {
  var chosen;
  function set(flags) {
    flags.forEach(function (flag) {
      require('v8').setFlagsFromString(flag);
    });
  }
  var STEADY = ['--semi-space-growth-factor=1', '--no-wasm-dynamic-tiering', '--no-wasm-tier-up'];
  // What draws needs the layout engine optimised, which is WebAssembly too: without, a token costs a third more.
  var DRAWING = ['--semi-space-growth-factor=1', '--wasm-dynamic-tiering', '--wasm-tier-up'];
  var USUAL = ['--semi-space-growth-factor=2', '--wasm-dynamic-tiering', '--wasm-tier-up'];
  return {
    keepMemorySteady: function (work) {
      var wanted = work === 'drawing' ? DRAWING : STEADY;
      if (chosen === wanted || chosen === DRAWING) return;
      chosen = wanted;
      set(chosen);
    },
    asItStarted: function (work) {
      if (chosen === undefined) return work();
      set(USUAL);
      var result = work();
      set(chosen);
      return result;
    },
  };
}

function hasHash(name) {
  return /-[\w-]{8}\.js$/.test(name);
}

// The engine takes what it is given, so damage must be noticed here: the code is in the file twice, and to compare the
// halves takes a tenth of what a checksum would.
function findCode(code, name) {
  if (code.folder === undefined || !hasHash(name)) return undefined;
  try {
    var twice = fs.readFileSync(path.join(code.folder, name));
    var half = twice.length / 2;
    var once = twice.subarray(0, half);
    return once.equals(twice.subarray(half)) ? once : undefined;
  } catch (error) {
    return undefined;
  }
}

// Another command runs other functions of the same files, so each set of files that is loaded together adds its
// own, once. Starting is slower without all this and nothing else.
function keepCode(code) {
  try {
    var names = Object.keys(code.scripts);
    var mark = path.join(code.folder, fingerprint(names.join(' ')) + '.mark');
    var isKnown = fs.existsSync(mark);
    var wanted = names.filter(function (name) {
      return !isKnown || code.scripts[name].cachedDataRejected !== false;
    });
    if (wanted.length === 0) return;
    code.engine.asItStarted(function () {
      require('./keep-code.js')({ code: code, names: wanted, mark: mark });
    });
  } catch (error) {
    // Not worth a word.
  }
}

// FNV-1a, for a name that is short: node:crypto costs more than all this saves.
function fingerprint(text) {
  var hash = 0x811c9dc5;
  for (var at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16);
}

// Undefined where there is no place for it, or where others could write.
function codeFolder() {
  var cache = cacheFolder();
  if (cache === undefined) return undefined;
  var folder = path.join(cache, 'code', process.version + '-' + process.arch);
  try {
    var stats = fs.statSync(folder);
    var isOwn = process.geteuid === undefined || (stats.uid === process.geteuid() && (stats.mode & 18) === 0);
    return isOwn ? folder : undefined;
  } catch (error) {
    return folder;
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
