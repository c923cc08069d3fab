/** Certificates for TLS tests, made by openssl when a test asks for them; none is kept in the repository. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface TestAuthority {
  /** PEM file with the authority's certificate, for `caFiles`. */
  readonly caFile: string;
  /** A certificate for one name (or IP address), valid around now unless `expired`. */
  issue(name: string, options?: { readonly expired?: boolean }): ServerCertificate;
  remove(): void;
}

export function createAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'mira-tls-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const caFile = file('ca.pem');
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=Test authority', '-keyout', 'ca.key', '-out', 'ca.pem'],
  );
  let serial = 0;
  return {
    caFile,
    issue(name, { expired = false } = {}) {
      serial += 1;
      const base = `server-${serial}`;
      const kind = /^[\d.]+$/.test(name) ? 'IP' : 'DNS';
      writeFileSync(file(`${base}.ext`), `subjectAltName=${kind}:${name}\n`);
      openssl(
        ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`],
        ...['-keyout', `${base}.key`, '-out', `${base}.csr`],
      );
      const days = expired ? ['-days', '-1'] : ['-days', '2'];
      openssl(
        ...[
          'x509',
          '-req',
          '-in',
          `${base}.csr`,
          '-CA',
          'ca.pem',
          '-CAkey',
          'ca.key',
          '-set_serial',
          String(serial),
        ],
        ...[...days, '-extfile', `${base}.ext`, '-out', `${base}.pem`],
      );
      return {
        key: readFileSync(file(`${base}.key`), 'utf8'),
        cert: readFileSync(file(`${base}.pem`), 'utf8'),
      };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
