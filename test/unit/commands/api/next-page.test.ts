import { describe, expect, test } from 'vitest';
import { findNextPage } from '../../../../src/commands/api/next-page.ts';

const HERE = 'https://api.example/v1/list?limit=2';

function next(value: unknown, link?: string): string | undefined {
  return findNextPage({ url: new URL(HERE), headers: link === undefined ? {} : { link }, value })?.href;
}

describe('the next page', () => {
  test.each([
    ['</v1/b>; rel="next"', 'https://api.example/v1/b'],
    ['<https://other.example/b>; title="a, b"; rel=next', 'https://other.example/b'],
    ['</a>; rel="prev next"', 'https://api.example/a'],
    ['</a>; rel="prev", </b>; rel="last"', undefined],
    ['</a>; rel="nextish"', undefined],
    ['<http://[>; rel="next"', undefined],
  ])('is named by a Link header: %s', (link, address) => {
    expect(next([], link)).toBe(address);
  });

  test.each([
    [{ next: '?cursor=b' }, 'https://api.example/v1/list?cursor=b'],
    [{ _links: { next: { href: '/v2' } } }, 'https://api.example/v2'],
    [{ meta: { next_page_url: 'https://other.example/' } }, 'https://other.example/'],
    [{ page: 1, total_pages: 3 }, `${HERE}&page=2`],
    [{ page: 3, total_pages: 3 }, undefined],
    [{ pagination: { page: 2, totalPages: 3 } }, `${HERE}&page=3`],
    [{ next_cursor: 'a b' }, `${HERE}&cursor=a+b`],
    [{ has_more: true, last_id: 'x1' }, `${HERE}&after=x1`],
    [{ has_more: true }, `${HERE}&page=2`],
    [{ has_more: false, last_id: 'x1' }, undefined],
    [{ next: null }, undefined],
    [{ next: 'a word' }, undefined],
    [{ data: [1, 2] }, undefined],
    [[1, 2], undefined],
    [undefined, undefined],
  ])('is named by the body: %j', (value, address) => {
    expect(next(value)).toBe(address);
  });

  test.each([
    [{ data: [1, 2], meta: null }, { limit: 20 }, `${HERE}&page=2`],
    [{ data: [1], meta: null }, { limit: 20 }, undefined],
    [{ data: [1, 2], has_more: false }, { limit: 20 }, undefined],
    [{ data: [1, 2], meta: { pagination: { page: 2, limit: 2, total: 5 } } }, {}, `${HERE}&page=3`],
    [{ data: [1, 2], meta: { page: 2, limit: 2, total: 4 } }, { limit: 20 }, undefined],
    [{ has_more: true, last_id: 'x1' }, { after: 'after_id' }, `${HERE}&after_id=x1`],
  ])('is what the service has documented: %j', (value, paging, address) => {
    expect(findNextPage({ url: new URL(HERE), headers: {}, value, paging })?.href).toBe(address);
  });
});
