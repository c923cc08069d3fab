import { expect, it } from 'vitest';
import { withoutVersion } from '../../../src/api/without-version.ts';

it.each([
  ['https://api.example', 'https://api.example/'],
  ['https://api.example/', 'https://api.example/'],
  ['https://api.example/v1', 'https://api.example/'],
  ['https://api.example/v1/', 'https://api.example/'],
  ['https://api.example/proxy/v1', 'https://api.example/proxy/'],
  ['https://api.example/proxy?x=1', 'https://api.example/proxy/'],
  ['https://api.example/dev1', 'https://api.example/dev1/'],
])('%s is %s', (written, base) => {
  expect(withoutVersion(new URL(written)).href).toBe(base);
});
