/** A process whose clock is wrong: asks for a code, waits for "approved", and tells what the token request brought. */
import { createHttp } from '../../../../src/api/http.ts';
import { findIssuer } from '../../../../src/auth/oidc.ts';
import { toMiraError } from '../../../../src/errors.ts';
import { silentLog } from '../../../../src/log.ts';

const [issuer = '', clientId = '', skewMs = '0'] = process.argv.slice(2);
const rightNow = Date.now;
Date.now = () => rightNow() + Number(skewMs);
const scopes = ['openid', 'offline_access'];

const http = createHttp({
  hosts: { require: async () => {}, allow: () => {} },
  proxies: {},
  caFiles: [],
  userAgent: 'mira-test',
  log: silentLog,
  now: Date.now,
});
const server = await findIssuer({ issuer: new URL(issuer), clientId, http, now: Date.now });
if (!server) throw new Error('no metadata');
const { deviceCode, userCode } = await server.startDevice({ scopes });

process.once('message', () => {
  server
    .poll({ deviceCode, scopes })
    .then(
      (answer) => (answer.kind === 'approved' ? answer.tokens.account?.id : answer.kind),
      (error: unknown) => toMiraError(error).code,
    )
    .then(async (outcome) => {
      await http.close();
      process.send?.({ outcome });
      process.disconnect();
    })
    .catch(() => process.exit(1));
});
process.send?.({ userCode });
