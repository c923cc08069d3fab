/**
 * The Node that everything after the set-up runs on: this one, or, when this one is older than mira allows,
 * one from the npm registry, where Node's own binaries are packages that need no install script.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { withLock } from './lock.js';
import { StepFailed, runStep, say } from './step.js';

const BROUGHT = '24.21.0';
/** What the bench and the pictures are written in: Node 22 does not read all of it. */
export const DEVELOPED_ON = '24.0';
const BROUGHT_FOR = ['linux-x64', 'linux-arm64', 'win-x64'];

/**
 * @returns {{ root: string, node: string, env: object, isBrought: boolean }} the checkout, the Node to use,
 * and an environment in which `node` and `npm` are that one
 */
export function ensureNode(root, oldest = oldestNode(root)) {
  if (isNewEnough(process.versions.node, oldest)) {
    // npm puts node_modules/.bin first on PATH, so from the second time on the Node that was brought runs this.
    const isBrought = process.execPath.startsWith(join(realpathSync(root), '.set-up') + sep);
    return placeOf({ root, node: process.execPath, isBrought });
  }
  if (!existsSync(broughtNode(root, BROUGHT))) {
    say(`bringing Node ${BROUGHT} (this machine's ${process.versions.node} is older than ${oldest})`);
  }
  return placeOf({ root, node: bringNode(root, BROUGHT), isBrought: true });
}

/** The path of that Node, which is brought when it is not there yet. */
export function bringNode(root, version) {
  const node = broughtNode(root, version);
  if (existsSync(node)) return node;
  withLock(root, () => {
    if (!existsSync(node)) installNode({ root, node, version });
  });
  return node;
}

/** Afterwards node_modules/.bin/node, and so every npm script and npx, is a Node that is new enough. */
export function linkNode({ root, node, isBrought }) {
  const link = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!isBrought || existsSync(link)) return;
  try {
    // A link whose target has gone does not exist for existsSync, and is still in the way.
    rmSync(link, { force: true });
    if (process.platform === 'win32') copyFileSync(node, link);
    else symlinkSync(relative(dirname(link), node), link);
  } catch (error) {
    throw new StepFailed(`could not put Node ${BROUGHT} at ${link}: ${error.message}.`);
  }
}

function oldestNode(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace(/[^\d.]/g, '');
}

function isNewEnough(found, needed) {
  const [haveMajor, haveMinor] = found.split('.').map(Number);
  const [wantMajor, wantMinor] = needed.split('.').map(Number);
  return haveMajor > wantMajor || (haveMajor === wantMajor && haveMinor >= wantMinor);
}

function placeOf({ root, node, isBrought }) {
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') || 'PATH';
  const path = [dirname(node), process.env[name]].filter(Boolean).join(delimiter);
  return { root, node, isBrought, env: { ...process.env, [name]: path } };
}

function target() {
  return `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

function broughtNode(root, version) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(root, '.set-up', `node-${version}`, 'node_modules', `node-${target()}`, 'bin', name);
}

function installNode({ root, node, version }) {
  if (!BROUGHT_FOR.includes(target())) {
    throw new StepFailed(
      `mira needs Node ${oldestNode(root)} or newer, and this is ${process.versions.node}; install one and run the command again.`,
    );
  }
  const folder = join(root, '.set-up', `node-${version}`);
  const fresh = `${folder}-new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  runStep(
    ['npm', 'install', '--prefix', fresh, '--no-save', '--ignore-scripts', `node-${target()}@${version}`],
    {
      cwd: fresh,
      env: process.env,
      failure: `could not bring Node ${version}`,
    },
  );
  runStep([join(fresh, relative(folder, node)), '--version'], {
    cwd: fresh,
    env: process.env,
    failure: `Node ${version} was brought, but does not run on this machine`,
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}
