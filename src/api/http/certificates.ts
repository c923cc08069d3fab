import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';

import { MiraError } from '../../errors.ts';

/**
 * Everything a server's certificate may be signed by: what Node trusts, and the extra files.
 * Undefined when there are none, which leaves Node's own, faster, default in place.
 * @throws MiraError `invalid_config` naming the file
 */
export function trustedCertificates(caFiles: readonly string[]): string[] | undefined {
  if (caFiles.length === 0) return undefined;
  return [...getCACertificates('default'), ...caFiles.flatMap(readCertificates)];
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function readCertificates(file: string): string[] {
  const blocks = readText(file).match(PEM_BLOCK) ?? [];
  if (blocks.length === 0) throw unusable(file, 'holds no certificate');
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw unusable(file, 'holds a damaged certificate', cause);
    }
  }
  return blocks;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unusable(file, 'cannot be read', cause);
  }
}

function unusable(file: string, reason: string, cause?: unknown): MiraError {
  return new MiraError('invalid_config', `The certificate file ${JSON.stringify(file)} ${reason}.`, {
    hint: 'Set MIRA_CA_FILE (or NODE_EXTRA_CA_CERTS) to a file with certificates in PEM form, or unset it.',
    cause,
  });
}
