/** oidc-provider's storage in memory, one a platform, so that platforms running at once know nothing of each other. */

export interface StoredModel {
  readonly uid?: string;
  readonly userCode?: string;
  readonly grantId?: string;
  exp?: number;
  consumed?: number;
  accountId?: string;
  error?: string;
  inFlight?: boolean;
}

export interface IssuerStorage {
  /** The factory oidc-provider asks for, one adapter a model. */
  adapter(model: string): object;
  /** User codes that wait for a person, without their dash. */
  pendingUserCodes(): readonly string[];
  /** Makes a device code one that ran out a second ago; false when there is no such code. */
  expire(userCode: string): boolean;
  /** Forgets every grant and every token issued under one: what an administrator does to end all sessions. */
  forgetGrants(): void;
}

export function createIssuerStorage(): IssuerStorage {
  const records = new Map<string, StoredModel>();
  const models = (model: string) =>
    [...records].filter(([key]) => key.startsWith(`${model}:`)).map(([, value]) => value);
  const now = () => Math.floor(Date.now() / 1000);
  return {
    adapter: (model) => adapterFor(model, records, now),
    pendingUserCodes() {
      return models('DeviceCode')
        .filter(
          ({ accountId, error, inFlight, exp }) => !accountId && !error && !inFlight && (exp ?? 0) > now(),
        )
        .flatMap(({ userCode }) => userCode ?? []);
    },
    expire(userCode) {
      const code = models('DeviceCode').find((value) => value.userCode === userCode);
      if (code === undefined) return false;
      code.exp = now() - 1;
      return true;
    },
    forgetGrants() {
      for (const [key, value] of records) {
        if (key.startsWith('Grant:') || value.grantId !== undefined) records.delete(key);
      }
    },
  };
}

function adapterFor(model: string, records: Map<string, StoredModel>, now: () => number): object {
  const key = (id: string) => `${model}:${id}`;
  const findBy = (field: 'uid' | 'userCode', wanted: string) =>
    [...records].find(([name, value]) => name.startsWith(`${model}:`) && value[field] === wanted)?.[1];
  return {
    async upsert(id: string, value: StoredModel) {
      records.set(key(id), value);
    },
    async find(id: string) {
      return records.get(key(id));
    },
    async findByUid(uid: string) {
      return findBy('uid', uid);
    },
    async findByUserCode(userCode: string) {
      return findBy('userCode', userCode);
    },
    async consume(id: string) {
      const value = records.get(key(id));
      if (value !== undefined) value.consumed = now();
    },
    async destroy(id: string) {
      records.delete(key(id));
    },
    async revokeByGrantId(grantId: string) {
      for (const [name, value] of records) if (value.grantId === grantId) records.delete(name);
    },
  };
}
