/**
 * What the tests need of the operating system: a keychain and a bus to reach it, a browser, a terminal,
 * a way to make system calls fail, one to set the clock of a single program, and a web server to stand in between.
 * Nothing of it is needed to run mira. Where it cannot be installed, that is said and the command goes on.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withLock } from './lock.js';
import { StepFailed, runStep, say } from './step.js';

const NEEDED = [
  { package: 'libsecret-1-0', isThere: () => hasLibrary('libsecret-1.so.0') },
  { package: 'gnome-keyring', isThere: () => hasProgram('gnome-keyring-daemon') },
  { package: 'dbus', isThere: () => hasProgram('dbus-daemon') && hasProgram('dbus-run-session') },
  { package: 'chromium', isThere: () => hasProgram('chromium') || hasProgram('chromium-browser') },
  { package: 'tmux', isThere: () => hasProgram('tmux') },
  { package: 'strace', isThere: () => hasProgram('strace') },
  // Without it the tests set the clock by a preload, which deceives JavaScript alone.
  { package: 'libfaketime', isThere: () => hasLibrary('faketime/libfaketime.so.1'), isOptional: true },
  { package: 'nginx-light', isThere: () => hasProgram('nginx'), isOptional: true },
];

export function ensureSystem({ root, env }) {
  if (process.platform !== 'linux' || wanted().length === 0) return;
  const superuser = hasProgram('apt-get') ? rightsToInstall() : undefined;
  if (superuser === undefined) {
    if (missing().length === 0) return;
    say(
      `the tests that need ${missing().join(', ')} cannot run: install them with this system's package manager`,
    );
    return;
  }
  try {
    withLock(root, () => install({ superuser, root, env }));
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(error.report);
  }
  if (missing().length > 0)
    say(`still missing, and the tests that need them cannot run: ${missing().join(', ')}`);
}

/** What tests cannot run without. */
function missing() {
  return NEEDED.filter((need) => !need.isOptional && !need.isThere()).map((need) => need.package);
}

/** That, and what is better to have and known to this system. */
function wanted() {
  return NEEDED.filter((need) => !need.isThere() && (!need.isOptional || isKnown(need.package))).map(
    (need) => need.package,
  );
}

function isKnown(name) {
  const ran = spawnSync('apt-cache', ['show', '--no-all-versions', name], { encoding: 'utf8' });
  return ran.status === 0 && ran.stdout.includes(`Package: ${name}`);
}

function install({ superuser, root, env }) {
  if (wanted().length === 0) return;
  const aptGet = [
    ...superuser,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-q',
    '-o',
    'DPkg::Lock::Timeout=300',
  ];
  say(`installing ${wanted().join(', ')} (apt-get)`);
  runStep([...aptGet, 'update'], { cwd: root, env, failure: 'apt-get update failed' });
  // Only now is all known that this system has.
  const packages = wanted();
  const apt = [...aptGet.slice(superuser.length), 'install', '-y', '--no-install-recommends', ...packages];
  runStep([...superuser, 'sh', '-c', WITHOUT_SERVICES, 'sh', ...apt], {
    cwd: root,
    env,
    failure: `apt-get could not install ${packages.join(', ')}`,
  });
}

/**
 * Runs a command while no package may start a service of its own (invoke-rc.d asks this file, Debian Policy 9.3.3), and
 * takes care that none is started with the system either. A policy that is there already is left as it is.
 */
const WITHOUT_SERVICES = `
policy=/usr/sbin/policy-rc.d
had_nginx=$(command -v nginx)
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
"$@" || exit
if [ -z "$had_nginx" ] && command -v nginx > /dev/null && [ -d /run/systemd/system ]; then
  systemctl disable --quiet nginx || :
fi
`;

/** What to put before a command that only root may run, or undefined when that would ask for a password. */
function rightsToInstall() {
  if (process.getuid() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n'] : undefined;
}

function hasProgram(name) {
  const folders = [...(process.env.PATH || '').split(delimiter), '/usr/bin', '/usr/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}

function hasLibrary(name) {
  const folders = ['/usr/lib', '/usr/lib64', '/lib', '/lib64'].filter((folder) => existsSync(folder));
  const ofMachines = readdirSync('/usr/lib').filter((entry) => entry.endsWith('-linux-gnu'));
  return [...folders, ...ofMachines.map((entry) => join('/usr/lib', entry))].some((folder) =>
    existsSync(join(folder, name)),
  );
}
