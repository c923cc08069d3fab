/** Where secrets rest. The keychain, the sealed file and memory all pass one contract suite. */

export type StorageKind = 'keychain' | 'file' | 'memory';

/** A place for named secrets. Names are `<profile>.<12 hex>`; values are JSON text of any size. */
export interface SecretStore {
  readonly kind: StorageKind;
  /** In plain words, what this store protects against; shown by `auth status`. */
  readonly protection: string;
  /**
   * The secret, or undefined when the store holds none under this name.
   * A keychain cannot tell "absent" from "locked": the caller compares with the index.
   * @throws MiraError with exit code 10 (`keychain_*`, `credentials_unreadable`, `wrong_passphrase`) or 11 (`input_required`)
   */
  read(name: string): Promise<string | undefined>;
  /** Writes, reads back and compares before it returns; throws like `read`, and then the old value stands. */
  write(name: string, value: string): Promise<void>;
  /** True when a secret was there and is gone; false when there was none. */
  remove(name: string): Promise<boolean>;
  /** What this store has no room for itself and keeps in the credentials file under the same name, where there is such a thing. */
  readonly overflow?: {
    /** Is the secret of that name there? */
    holds(name: string): Promise<boolean>;
    /** Gives it over to the file: this store knows nothing of it any more. */
    letGo(name: string): Promise<void>;
  };
  /** Proves that writing works, without leaving anything behind; throws a MiraError that says why not and how to mend it. */
  probe(): Promise<void>;
}
