import { expect, test } from 'vitest';
import { classify, keychainError, keychainStateOf } from '../../../src/store/keychain-failure.ts';

test.each([
  [
    'linux',
    'Failed to load keytar native addon, checked ["../build/Release"] on prebuilds/linux-x64',
    'library_missing',
  ],
  ['linux', 'libsecret-1.so.0: cannot open shared object file: No such file or directory', 'library_missing'],
  ['linux', 'Cannot autolaunch D-Bus without X11 $DISPLAY', 'no_bus'],
  [
    'linux',
    'Cannot spawn a message bus without a machine-id: Unable to load /var/lib/dbus/machine-id',
    'no_bus',
  ],
  ['linux', 'Could not connect: No such file or directory', 'no_bus'],
  ['linux', 'The name org.freedesktop.secrets was not provided by any .service files', 'no_service'],
  ['linux', 'The name :1.0 was not provided by any .service files', 'no_service'],
  ['linux', 'GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: …', 'no_service'],
  ['linux', 'Object does not exist at path "/org/freedesktop/secrets/collection/login"', 'not_initialised'],
  ['linux', 'Cannot create an item in a locked collection', 'locked'],
  ['linux', 'Timeout was reached', 'timeout'],
  ['linux', 'Message recipient disconnected from message bus without replying', 'other'],
  ['darwin', 'User interaction is not allowed.', 'locked'],
  ['darwin', 'A default keychain could not be found.', 'not_initialised'],
  ['darwin', 'User canceled the operation.', 'denied'],
  ['darwin', 'The user name or passphrase you entered is not correct.', 'denied'],
  ['darwin', 'Failed to load keytar native addon', 'other'],
  ['win32', 'Access is denied.', 'denied'],
  ['win32', 'The stub received bad data.', 'too_large'],
  ['win32', 'Das System kann die angegebene Datei nicht finden.', 'other'],
] as const)('on %s, "%s" means %s', (platform, detail, state) => {
  expect(classify(detail, platform)).toBe(state);
  const error = keychainError(detail, platform);
  expect(keychainStateOf(error)).toBe(state);
  expect(error.exitCode).toBe(10);
  expect(error.hint).toContain('--storage file');
});

test('no other error has a keychain state', () => {
  expect(keychainStateOf(new Error('locked collection'))).toBeUndefined();
});
