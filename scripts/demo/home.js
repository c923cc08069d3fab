/** A home folder for the demo alone, and the environment that keeps mira inside it. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Variables of the person's own that would change what the demo shows, or lead out of its folder. */
const NOT_INHERITED = /^(?:MIRA_|MIRRA_|XDG_|CI$|DBUS_SESSION_BUS_ADDRESS$|NODE_OPTIONS$)/;

export async function makeHome() {
  const folder = await mkdtemp(path.join(tmpdir(), 'mira-demo-'));
  const within = (name) => path.join(folder, name);
  await mkdir(within('runtime'), { mode: 0o700 });
  return {
    folder,
    env: {
      ...inherited(process.env),
      HOME: folder,
      USERPROFILE: folder,
      XDG_CONFIG_HOME: within('config'),
      XDG_DATA_HOME: within('data'),
      XDG_STATE_HOME: within('state'),
      XDG_CACHE_HOME: within('cache'),
      XDG_RUNTIME_DIR: within('runtime'),
      MIRA_CONFIG_DIR: within('mira-config'),
      MIRA_DATA_DIR: within('mira-data'),
      MIRA_PASSPHRASE: randomBytes(24).toString('base64url'),
      // A browser started with this home would keep a profile there, and outlive it.
      MIRA_BROWSER: 'none',
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}

function inherited(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_INHERITED.test(name)));
}
