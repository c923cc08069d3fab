/** What protects a stored secret, in one word for the index and one sentence for people. */
export type ProtectionForm = 'keychain' | 'passphrase' | 'key_file' | 'memory';

export const PROTECTION: Readonly<Record<ProtectionForm, string>> = {
  keychain: 'protected by your login; other programs you run may ask for it',
  passphrase: 'unreadable without the passphrase; protects backups, lost disks and other users',
  key_file: 'protects only against copying the file without its key; any program running as you can read it',
  memory: 'kept in this process alone; gone when it ends',
};
