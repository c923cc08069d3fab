import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { explain } from '../../../src/commands/auth/explain.ts';
import { list as listProfiles } from '../../../src/commands/auth/list.ts';
import { login } from '../../../src/commands/auth/login.ts';
import { logout } from '../../../src/commands/auth/logout.ts';
import { migrateStorage } from '../../../src/commands/auth/migrate-storage.ts';
import { refresh } from '../../../src/commands/auth/refresh.ts';
import { status } from '../../../src/commands/auth/status.ts';
import { switchProfile } from '../../../src/commands/auth/switch.ts';
import { token } from '../../../src/commands/auth/token.ts';
import { CATALOG, isGroup } from '../../../src/commands/catalog.ts';
import type { Group, Leaf } from '../../../src/commands/catalog.ts';
import type { AnswerEvent } from '../../../src/commands/chat/answer-json.ts';
import { requestObject } from '../../../src/commands/chat/hold-request.ts';
import { usage } from '../../../src/commands/usage.ts';
import { api } from '../../../src/commands/api.ts';
import { answerLines, answerObject } from '../../../src/commands/chat/answer-json.ts';
import { get } from '../../../src/commands/config/get.ts';
import { list as listSettings } from '../../../src/commands/config/list.ts';
import { path as configPath } from '../../../src/commands/config/path.ts';
import { set } from '../../../src/commands/config/set.ts';
import type { JsonObject } from '../../../src/commands/define.ts';
import { exitCodes } from '../../../src/commands/help/exit-codes.ts';
import { deleteConversation } from '../../../src/commands/history/delete.ts';
import { exportConversation } from '../../../src/commands/history/export.ts';
import { list as listHistory } from '../../../src/commands/history/list.ts';
import { prune } from '../../../src/commands/history/prune.ts';
import { search as searchHistory } from '../../../src/commands/history/search.ts';
import { show as showHistory } from '../../../src/commands/history/show.ts';
import { remove as removeAws } from '../../../src/commands/aws/remove.ts';
import { set as setAws } from '../../../src/commands/aws/set.ts';
import { show as showAws } from '../../../src/commands/aws/show.ts';
import { test as testAws } from '../../../src/commands/aws/test.ts';
import { add as addToken } from '../../../src/commands/tokens/add.ts';
import { list as listTokens } from '../../../src/commands/tokens/list.ts';
import { rotate as rotateTokens } from '../../../src/commands/tokens/rotate.ts';
import { remove as removeTokens } from '../../../src/commands/tokens/remove.ts';
import { models } from '../../../src/commands/models.ts';
import { scan } from '../../../src/commands/scan.ts';
import { run } from '../../../src/commands/run.ts';
import { test as testTokens } from '../../../src/commands/tokens/test.ts';
import { network } from '../../../src/commands/network.ts';
import type { Context } from '../../../src/context.ts';
import { MiraError } from '../../../src/errors.ts';
import type { LoginEvent } from '../../../src/auth/login-event.ts';
import type { Conversation } from '../../../src/store/history.ts';
import type { SessionEntry } from '../../../src/store/session-entry.ts';
import type { Token } from '../../../src/vault/vault.ts';

const GOLDEN = new URL('../../golden/json/', import.meta.url);
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const LATER = NOW + 600_500;
const ADA = { id: 'ada', name: 'Ada Example', email: 'ada@example.test' };

const CALLER = { account: '123456789012', arn: 'arn:aws:iam::123456789012:user/ada' };
const AWS_KEYS = {
  accessKey: 'ASIA…WXYZ',
  isTemporary: true,
  region: 'us-east-1',
  addedAt: NOW,
  expiresAt: LATER,
};

const SESSION: SessionEntry = {
  profile: 'work',
  name: 'work.0123456789ab',
  credential: 'session',
  login: 'oidc',
  issuer: 'https://id.example',
  clientId: 'mira-cli',
  apiUrl: 'https://api.example/v1',
  scopes: ['openid', 'email'],
  hosts: ['id.example', 'api.example'],
  storage: 'keychain',
  protection: 'keychain',
  account: ADA,
  gen: 3,
  obtainedAt: NOW,
  expiresAt: LATER,
  lifetimeS: 600,
  refreshable: true,
  lastRefresh: { at: NOW, outcome: 'ok' },
};

const KEY: SessionEntry = {
  profile: 'default',
  name: 'default.0123456789ab',
  credential: 'api_key',
  login: 'pasted',
  apiUrl: 'https://api.vmira.ai/v1',
  scopes: [],
  hosts: ['api.vmira.ai'],
  storage: 'file',
  protection: 'passphrase',
  gen: 1,
  obtainedAt: NOW,
  refreshable: false,
};

const TOKEN: Token = {
  label: 'openai',
  env: 'OPENAI_API_KEY',
  kind: 'openai',
  addedAt: NOW,
  lastUsedAt: NOW + 1_000,
  expiresAt: LATER,
  rotatedAt: NOW,
};
const PLAIN_TOKEN: Token = { label: 'db', env: 'DATABASE_URL', kind: 'other', addedAt: NOW };

const SAID = { reasoning: '', model: undefined, usage: undefined, stopped: false, replaced: false };

const TALK: Conversation = {
  id: '0y2cw0g000',
  title: 'What is a device code?',
  provider: 'mira',
  model: 'mira',
  profile: 'default',
  system: 'Be brief.',
  messageCount: 4,
  startedAt: NOW,
  updatedAt: LATER,
  forkedFrom: '0y2cw0f000',
  messages: [
    { ...SAID, number: 1, role: 'user', text: 'What is a device code?', at: NOW },
    {
      ...SAID,
      number: 2,
      role: 'assistant',
      text: '',
      at: NOW,
      model: 'mira',
      stopped: true,
      replaced: true,
    },
    { ...SAID, number: 3, role: 'user', text: 'Again?', at: NOW },
    {
      ...SAID,
      number: 4,
      role: 'assistant',
      text: 'A code that a device shows.',
      reasoning: 'Let me see.',
      at: LATER,
      model: 'mira',
      usage: { inputTokens: 3, outputTokens: 5, reasoningTokens: 2 },
    },
  ],
};

/** What each command can come to say: everything there is, and as little as there can be. */
const SAMPLES: Readonly<Record<string, () => Promise<readonly JsonObject[]>>> = {
  'auth login': () => loginLines(),
  'auth logout': async () => [
    logout.json({
      all: false,
      variables: [],
      reports: [{ profile: 'default', removed: true, revoked: true }],
    }),
    logout.json({
      all: false,
      variables: ['MIRA_TOKEN'],
      reports: [
        { profile: 'default', removed: true, revoked: false, reason: 'the server offers no revocation' },
      ],
    }),
    logout.json({
      all: true,
      variables: [],
      reports: [
        { profile: 'default', removed: true, revoked: true },
        { profile: 'work', removed: false, revoked: false, reason: 'not signed in' },
      ],
    }),
    logout.json({ all: true, variables: [], reports: [] }),
  ],
  'auth status': async () => [
    status.json({
      profile: 'default',
      signedIn: true,
      credential: 'api_key',
      source: 'vault',
      token: 'ci',
      apiUrl: 'https://api.vmira.ai/v1',
      checked: 'local',
      now: NOW,
    }),
    status.json({
      profile: 'work',
      signedIn: true,
      account: ADA,
      credential: 'session',
      source: 'keychain',
      apiUrl: 'https://api.example/v1',
      entry: SESSION,
      checked: 'server',
      now: NOW,
    }),
    status.json({
      profile: 'default',
      signedIn: true,
      credential: 'api_key',
      source: 'file',
      apiUrl: 'https://api.vmira.ai/v1',
      entry: KEY,
      checked: 'local',
      now: NOW,
    }),
    status.json({
      profile: 'default',
      signedIn: true,
      credential: 'token',
      source: 'env',
      variable: 'MIRA_TOKEN',
      apiUrl: 'https://api.vmira.ai/v1',
      checked: 'local',
      now: NOW,
    }),
    status.json({
      profile: 'work',
      signedIn: false,
      account: ADA,
      credential: 'session',
      source: 'keychain',
      apiUrl: 'https://api.example/v1',
      entry: { ...SESSION, ended: { at: NOW, reason: 'id.example has ended the session.' } },
      checked: 'local',
      reason: 'id.example has ended the session.',
      now: NOW,
    }),
    status.json({
      profile: 'default',
      signedIn: false,
      apiUrl: 'https://api.vmira.ai/v1',
      checked: 'local',
      reason: 'not signed in',
      now: NOW,
    }),
  ],
  'auth token': async () => [
    token.json({ token: 'an-access-token', expiresAt: LATER, source: 'keychain', now: NOW }),
    token.json({ token: 'from-a-variable', source: 'env', now: NOW }),
  ],
  'auth refresh': async () => [
    refresh.json({ profile: 'work', expiresAt: LATER, rotated: true, now: NOW }),
    refresh.json({ profile: 'work', expiresAt: undefined, rotated: false, now: NOW }),
  ],
  'auth explain': async () => [
    explain.json({
      sources: [
        { source: '--profile', present: false, chosen: false, detail: 'not given' },
        { source: 'MIRA_TOKEN', present: true, chosen: true, detail: 'access token, used as it is' },
      ],
      services: [
        {
          service: 'openai',
          sources: [
            { source: 'OPENAI_API_KEY', present: false, chosen: false, detail: 'not set' },
            { source: 'vault', present: true, chosen: true, detail: 'the token work' },
          ],
        },
      ],
    }),
    explain.json({
      sources: [
        { source: 'stored', present: false, chosen: false, detail: 'profile default is not signed in' },
      ],
      services: [
        {
          service: 'mirra',
          sources: [{ source: 'vault', present: false, chosen: false, detail: 'no token for MIRRA_API_KEY' }],
        },
      ],
    }),
  ],
  'auth list': async () => [
    listProfiles.json([
      { entry: SESSION, isDefault: true, signedIn: true },
      { entry: KEY, isDefault: false, signedIn: false },
    ]),
    listProfiles.json([]),
  ],
  'auth migrate-storage': async () => [
    migrateStorage.json({
      plan: { from: 'keychain', to: 'file', form: 'passphrase', sessions: ['default', 'work'], secrets: 3 },
      isDone: true,
    }),
    migrateStorage.json({
      plan: { from: 'keychain', to: 'keychain', form: 'keychain', sessions: [], secrets: 0 },
      isDone: false,
    }),
  ],
  'auth switch': async () => [switchProfile.json('work')],
  chat: async () => [
    await answerObject(answer(true), clock()),
    await answerObject(answer(false), clock()),
    ...(await collect(answerLines(answer(true)))),
    requestObject({
      provider: 'mira',
      model: 'mira',
      method: 'POST',
      url: 'https://api.example/v1/chat/completions',
      headers: { authorization: 'Bearer [redacted]' },
      body: { model: 'mira' },
    }),
  ],
  'tokens test': async () => [
    testTokens.json({
      rows: [
        { label: 'work', service: 'openai', outcome: 'valid', latencyMs: 41 },
        {
          label: 'old',
          service: 'mirra',
          outcome: 'revoked',
          detail: 'api.fxn.world refused the credential from MIRRA_API_KEY',
          latencyMs: 40,
        },
        { label: 'ci', service: undefined, outcome: 'unknown_service', detail: 'no service is known' },
      ],
    }),
    testTokens.json({ rows: [] }),
  ],
  api: async () => [
    api.json({
      shape: 'with_head',
      answers: [{ status: 200, headers: { date: 'today' }, body: { kind: 'json', text: '{"used":1}' } }],
    }),
    api.json({
      shape: 'body',
      answers: [
        { status: 200, headers: { 'content-type': 'text/plain' }, body: { kind: 'text', text: 'fine' } },
      ],
    }),
    api.json({
      shape: 'body',
      answers: [
        { status: 200, headers: { 'content-type': 'image/png' }, body: { kind: 'binary', base64: 'iVA=' } },
      ],
    }),
    api.json({ shape: 'body', answers: [{ status: 204, headers: {}, body: { kind: 'empty' } }] }),
    api.json({
      shape: 'pages',
      answers: [{ status: 200, headers: {}, body: { kind: 'json', text: '[1]' } }],
    }),
  ],
  usage: async () => [
    usage.json({
      now: NOW,
      usage: {
        plan: 'pro',
        quota: {
          status: 'allowed_warning',
          utilization: 0.85,
          resetsAt: LATER,
          usingOverage: false,
          windows: [
            { name: 'five_hour', used: 85, limit: 100, utilization: 0.85, resetsAt: LATER },
            { name: 'seven_day', limit: null },
          ],
        },
        today: { requests: 3, tokens: 1200 },
        month: { requests: 90, tokens: 36_000 },
        daily: { limit: 500, remaining: 497 },
        balance: { amount: 123.45, spent: { today: 0.5, week: 2, month: 10 } },
      },
    }),
    usage.json({ now: NOW, usage: { balance: { amount: 0 }, daily: { limit: null } } }),
  ],
  network: async () => [
    network.json({
      now: LATER,
      folder: '/home/ada/.local/state/mira-cli/hosts',
      hosts: [
        {
          host: 'api.example',
          reasons: ['Mira API (MIRA_API_URL)', 'session of profile work'],
          firstSeen: NOW,
          lastSeen: LATER,
        },
        { host: 'localhost:11434', reasons: ['Ollama (default)'] },
        { host: 'old.example', reasons: [], firstSeen: NOW, lastSeen: NOW },
      ],
    }),
  ],
  models: async () => [
    models.json({
      provider: 'mira',
      models: [{ id: 'mira', context: 128_000, maxOutput: 8192, ownedBy: 'vmira' }, { id: 'mira-pro' }],
    }),
  ],
  'history list': async () => [
    listHistory.json({ conversations: [TALK, { ...TALK, forkedFrom: undefined }], hasMore: true, now: NOW }),
    listHistory.json({ conversations: [], hasMore: false, now: NOW }),
  ],
  'history show': async () => [
    showHistory.json({ conversation: TALK, now: NOW }),
    showHistory.json({
      conversation: { ...TALK, system: undefined, forkedFrom: undefined, messages: [] },
      now: NOW,
    }),
  ],
  'history search': async () => [
    searchHistory.json({
      hits: [
        {
          conversationId: TALK.id,
          title: TALK.title,
          message: 2,
          role: 'assistant',
          at: LATER,
          snippet: { before: '…what a ', match: 'device', after: ' shows…' },
        },
      ],
      now: NOW,
    }),
    searchHistory.json({ hits: [], now: NOW }),
  ],
  'history export': async () => [
    exportConversation.json({ conversation: TALK, format: 'markdown', text: '# What is a device code?' }),
    exportConversation.json({ conversation: { ...TALK, messages: [] }, format: 'json', text: '{}' }),
  ],
  'history delete': async () => [
    deleteConversation.json({ conversation: TALK, deleted: true }),
    deleteConversation.json({ conversation: TALK, deleted: false }),
  ],
  'history prune': async () => [
    prune.json({ olderThan: '30d', before: NOW, conversations: 12, deleted: true }),
    prune.json({ olderThan: '30d', before: NOW, conversations: 0, deleted: false }),
  ],
  'tokens add': async () => [
    addToken.json({ token: { ...TOKEN, lastUsedAt: undefined }, protection: 'keychain', now: NOW }),
    addToken.json({ token: PLAIN_TOKEN, protection: 'key_file', now: NOW }),
  ],
  'tokens list': async () => [
    listTokens.json({ tokens: [TOKEN, PLAIN_TOKEN], now: NOW, width: 80, expiring: undefined }),
    listTokens.json({ tokens: [], now: NOW, width: undefined, expiring: '30d' }),
  ],
  'tokens rotate': async () => [
    rotateTokens.json({
      kind: 'rotated',
      label: 'mira',
      env: 'MIRA_API_KEY',
      keyKind: 'mira',
      expiresAt: LATER,
      now: NOW,
      check: { service: 'mira', outcome: 'valid', latencyMs: 7 },
      isOldKept: false,
      revocation: { revoked: true },
      revokeAt: 'https://platform.vmira.ai/api-keys',
    }),
    rotateTokens.json({
      kind: 'rotated',
      label: 'db',
      env: 'DATABASE_URL',
      keyKind: 'other',
      expiresAt: undefined,
      now: NOW,
      check: {
        service: undefined,
        outcome: 'unknown_service',
        detail: 'no service is known whose key is in DATABASE_URL',
      },
      isOldKept: true,
      revocation: { revoked: false, reason: 'the new value was not tested' },
      revokeAt: undefined,
    }),
    rotateTokens.json({
      kind: 'rotated',
      label: 'openai',
      env: 'OPENAI_API_KEY',
      keyKind: 'openai',
      expiresAt: undefined,
      now: NOW,
      check: undefined,
      isOldKept: true,
      revocation: undefined,
      revokeAt: 'https://platform.openai.com/api-keys',
    }),
    rotateTokens.json({ kind: 'back', label: 'openai' }),
    rotateTokens.json({ kind: 'forgotten', label: 'openai' }),
  ],
  'aws set': async () => [
    setAws.json({
      summary: AWS_KEYS,
      tested: { identity: CALLER, skewS: -720 },
      replaced: true,
      protection: 'keychain',
      now: NOW,
    }),
    setAws.json({
      summary: { accessKey: 'AKIA…WXYZ', isTemporary: false, region: 'us-east-1', addedAt: NOW },
      tested: undefined,
      replaced: false,
      protection: 'key_file',
      now: NOW,
    }),
  ],
  'aws show': async () => [
    showAws.json({ stored: AWS_KEYS, variables: ['AWS_REGION'], now: NOW }),
    showAws.json({ stored: undefined, variables: [], now: NOW }),
  ],
  'aws test': async () => [
    testAws.json({
      identity: CALLER,
      region: 'us-east-1',
      source: 'mira aws set',
      accessKey: 'AKIA…WXYZ',
      skewS: 0,
      list: { models: 23 },
      model: { id: 'us.amazon.nova-micro-v1:0', error: undefined },
    }),
    testAws.json({
      identity: undefined,
      region: 'us-east-1',
      source: 'AWS_BEARER_TOKEN_BEDROCK',
      accessKey: undefined,
      skewS: undefined,
      list: { error: new MiraError('forbidden', 'AWS does not allow this.') },
      model: { id: 'nova', error: new MiraError('model_not_found', 'Bedrock has no nova in us-east-1.') },
    }),
    testAws.json({
      identity: CALLER,
      region: 'us-east-1',
      source: 'AWS_ACCESS_KEY_ID',
      accessKey: 'AKIA…WXYZ',
      skewS: 720,
      list: undefined,
      model: undefined,
    }),
  ],
  'aws remove': async () => [removeAws.json(true), removeAws.json(false)],
  'tokens remove': async () => [removeTokens.json(['openai', 'db'])],
  scan: async () => [
    scan.json({
      findings: [
        { file: '.env', line: 1, column: 1, kind: 'env_file', tracked: true, isBinary: false },
        {
          file: 'src/a.ts',
          line: 12,
          column: 18,
          kind: 'mira',
          tracked: true,
          label: 'work',
          isBinary: false,
        },
        {
          file: 'src/a.db',
          line: 1,
          column: 4097,
          kind: 'stored',
          tracked: false,
          label: 'db',
          isBinary: true,
        },
      ],
      files: 3120,
      bytes: 1_234_567,
      skipped: [{ file: 'secret.txt', reason: 'unreadable' }],
      storedValues: 'looked_for',
    }),
    scan.json({ findings: [], files: 0, bytes: 0, skipped: [], storedValues: 'none' }),
  ],
  'config get': async () => [
    get.json({ key: 'model', value: 'mira', origin: 'default', from: 'default' }),
    get.json({ key: 'issuer', value: undefined, origin: 'default', from: 'default' }),
  ],
  'config set': async () => [
    set.json({
      key: 'model',
      value: 'mira-pro',
      profile: 'work',
      path: '/home/ada/.config/mira-cli/config.json',
    }),
    set.json({
      key: 'model',
      value: undefined,
      profile: 'work',
      path: '/home/ada/.config/mira-cli/config.json',
    }),
  ],
  'config list': async () => [
    listSettings.json({
      path: '/home/ada/.config/mira-cli/config.json',
      rows: [
        { key: 'profile', value: 'default', origin: 'default', from: 'default' },
        { key: 'model', value: 'mira-pro', origin: 'environment', from: 'MIRA_MODEL' },
        { key: 'issuer', value: undefined, origin: 'default', from: 'default' },
      ],
    }),
  ],
  run: async () => [
    run.json({
      kind: 'checked',
      variables: [
        { env: 'AWS_REGION', label: 'aws', status: 'preserved' },
        { env: 'OPENAI_API_KEY', label: 'OpenAI API Key', status: 'ok' },
        { env: 'LD_PRELOAD', label: undefined, status: 'refused' },
        { env: undefined, label: 'gone', status: 'missing' },
      ],
      failure: undefined,
    }),
  ],
  'config path': async () => [configPath.json('/home/ada/.config/mira-cli/config.json')],
  'help exit-codes': async () => [
    exitCodes.json(await exitCodes.run({} as Context, { options: {}, args: [] })),
  ],
};

async function loginLines(): Promise<readonly JsonObject[]> {
  const events: readonly LoginEvent[] = [
    { kind: 'asking', host: 'id.example' },
    {
      kind: 'device_code',
      verificationUri: 'https://id.example/device',
      verificationUriComplete: 'https://id.example/device?user_code=ABCD-EFGH',
      userCode: 'ABCD-EFGH',
      expiresAt: LATER,
      interval: 5,
      host: 'id.example',
      scopes: ['openid'],
      renew: () => {},
    },
    {
      kind: 'device_code',
      verificationUri: 'https://id.example/device',
      userCode: 'ABCD-EFGH',
      expiresAt: LATER,
      interval: 5,
      host: 'id.example',
      scopes: [],
      renew: () => {},
    },
    { kind: 'pending' },
    { kind: 'slow_down', interval: 10 },
    { kind: 'offline', error: new MiraError('connection_refused', 'Cannot reach id.example.') },
    { kind: 'approved' },
    {
      kind: 'authorized',
      profile: 'work',
      account: ADA,
      expiresAt: LATER,
      storage: 'keychain',
      notices: ['MIRA_TOKEN is set and is used before this session; unset it to use the session.'],
    },
    { kind: 'authorized', profile: 'default', storage: 'file', notices: [] },
  ];
  const input = { options: {}, args: [] } as unknown as Parameters<typeof login.json>[1];
  const lines = await collect(login.json(each(events), input, { now: () => NOW } as Context));
  const ends = (
    ['access_denied', 'device_code_expired', 'interrupted', 'terminated', 'approval_lost'] as const
  ).map((code) => login.failure(new MiraError(code, 'No.'), input));
  return [...lines, ...ends.filter((line) => line !== undefined)];
}

async function* answer(full: boolean): AsyncGenerator<AnswerEvent> {
  yield { kind: 'start', provider: 'mira', model: 'mira', conversationId: full ? TALK.id : undefined };
  if (full) {
    yield { kind: 'conversation', id: TALK.id };
    yield { kind: 'retry', attempt: 1, afterMs: 1499.6, reason: 'api.example is busy.' };
    yield { kind: 'rate_limit', remaining: 41, resetAt: LATER };
    yield { kind: 'rate_limit', remaining: 40 };
    yield { kind: 'reasoning', text: 'Let me see.' };
    yield { kind: 'text', text: 'Hello, ' };
    yield { kind: 'text', text: 'Ada.' };
    yield { kind: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Köln' } };
    yield { kind: 'tool_call', name: 'now', arguments: '[' };
    yield { kind: 'usage', usage: { inputTokens: 3, outputTokens: 5, reasoningTokens: 2 } };
    yield { kind: 'usage', usage: { inputTokens: 3, outputTokens: 5 } };
  }
  yield { kind: 'finish', finishReason: full ? 'stop' : 'length' };
}

/** Moves on by 100.4 ms each time it is read. */
function clock(): () => number {
  let reads = 0;
  return () => (reads += 1) * 100.4;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function* leaves(node: Leaf | Group, words: readonly string[] = []): Generator<string> {
  if (!isGroup(node)) yield words.join(' ');
  else for (const [name, child] of Object.entries(node.commands)) yield* leaves(child, [...words, name]);
}

const fileOf = (command: string): string => `${command.replaceAll(' ', '-')}.json`;

function keysOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

describe('the JSON of every command', () => {
  const commands = [...leaves(CATALOG)];

  test('is recorded for each, and for nothing else', async () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual(commands.toSorted());
    expect((await readdir(GOLDEN)).toSorted()).toEqual(commands.map(fileOf).toSorted());
  });

  test.each(commands)('has the shape that was reviewed: %s', async (command) => {
    const lines = (await SAMPLES[command]?.()) ?? [];

    expect(lines.length).toBeGreaterThan(0);
    await expect(`${JSON.stringify(lines, undefined, 2)}\n`).toMatchFileSnapshot(
      fileURLToPath(new URL(fileOf(command), GOLDEN)),
    );
  });

  test.each(commands)('names its schema first, and writes every name in snake_case: %s', async (command) => {
    for (const line of (await SAMPLES[command]?.()) ?? []) {
      expect(Object.keys(line)[0]).toBe('schema');
      expect(line.schema).toMatch(/^mira\.[a-z_]+(?:\.[a-z_]+)*\/1$/);
      expect(keysOf(line).filter((key) => !/^[a-z]+(?:_[a-z]+)*$/.test(key))).toEqual([]);
    }
  });
});
