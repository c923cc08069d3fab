import { MiraError } from '../../errors.ts';

/**
 * Everything a server's certificate may be signed by: what Node trusts, and the extra files.
 * Undefined when there are none, which leaves Node's own, faster, default in place.
 * @throws MiraError `invalid_config` naming the file
 */
export async function trustedCertificates(caFiles: readonly string[]): Promise<string[] | undefined> {
  if (caFiles.length === 0) return undefined;
  const { getCACertificates } = await import('node:tls');
  const extra = await Promise.all(caFiles.map(readCertificates));
  return [...getCACertificates('default'), ...extra.flat()];
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

async function readCertificates(file: string): Promise<string[]> {
  const { X509Certificate } = await import('node:crypto');
  const blocks = (await readText(file)).match(PEM_BLOCK) ?? [];
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

async function readText(file: string): Promise<string> {
  try {
    const { readFile } = await import('node:fs/promises');
    return await readFile(file, 'utf8');
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
