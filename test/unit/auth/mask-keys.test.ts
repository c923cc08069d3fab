import { describe, expect, test } from 'vitest';
import { findKeyKind, maskKeys } from '../../../src/auth/mask-keys.ts';

const HEX = '0d'.repeat(20);
const LONG = 'aB3'.repeat(12);

describe('what is saved', () => {
  test.each([
    `sk-mira-${HEX}`,
    `mira_live_${'aB'.repeat(16)}`,
    `mirra_install_${LONG}`,
    `sk-ant-api03-${LONG}`,
    `sk-proj-${LONG}`,
    `sk-${LONG}`,
    `AKIA${'A1'.repeat(8)}`,
    `ghp_${LONG}`,
  ])('holds no key of the form %s', (key) => {
    expect(maskKeys(`export KEY="${key}" # mine\n${key}`)).toBe(
      'export KEY="[key removed]" # mine\n[key removed]',
    );
  });

  test.each([
    'const sk = "task-management-system-for-everybody";',
    'sk-learn and sk-mira- are prefixes',
    'mirra_client_with_a_long_name(mira_live_stream)',
    `https://example.test/?id=${HEX}`,
    'AKIAISASHORTWORD',
  ])('is what was said otherwise: %s', (text) => {
    expect(maskKeys(text)).toBe(text);
  });
});

describe('the kind of a key in a text', () => {
  test.each([
    [`KEY=sk-mira-${HEX}`, 'a Mira platform key'],
    [`first ghp_${LONG}, then sk-mira-${HEX}`, 'a GitHub token'],
    [`-----BEGIN ${'PRIVATE'} KEY-----\\n${LONG}`, 'a private key'],
    [`-----BEGIN OPENSSH ${'PRIVATE'} KEY-----\r\n${LONG}`, 'a private key'],
    [`-----BEGIN CERTIFICATE-----\n${LONG}`, undefined],
    [`How does -----BEGIN ${'PRIVATE'} KEY----- begin?`, undefined],
    ['sk-learn', undefined],
  ])('is told: %s', (text, kind) => {
    expect(findKeyKind(text)).toBe(kind);
  });
});
