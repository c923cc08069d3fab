import { describe, expect, test } from 'vitest';
import { fieldsToJson, parseField } from '../../../../src/commands/api/fields.ts';

function json(...fields: readonly string[]): unknown {
  return JSON.parse(fieldsToJson(fields.map((text) => ({ ...parseField(text), isText: false }))));
}

describe('fields', () => {
  test.each([
    ['a=1', { a: 1 }],
    ['a=-0.5e2', { a: -50 }],
    ['a=1e400', { a: '1e400' }],
    ['a=9007199254740993', { a: '9007199254740993' }],
    ['a=007', { a: '007' }],
    ['a=true', { a: true }],
    ['a=True', { a: 'True' }],
    ['a=', { a: '' }],
    ['a=b=c', { a: 'b=c' }],
    ['a[b]=null', { a: { b: null } }],
    ['a[][]=1', { a: [[1]] }],
    ['a[constructor]=1', { a: { constructor: 1 } }],
  ])('have the types they look like: %s', (field, object) => {
    expect(json(field)).toEqual(object);
  });

  test('of a list fill its last object until it has the name already', () => {
    expect(json('m[][a]=1', 'm[][b][c]=2', 'm[][a]=3', 'm[]=4', 'm[][a]=5')).toEqual({
      m: [{ a: 1, b: { c: 2 } }, { a: 3 }, 4, { a: 5 }],
    });
  });

  test.each([
    [['a=1', 'a=2']],
    [['a[]=1', 'a[b]=2']],
    [['a[b]=1', 'a[]=2']],
    [['a[b]=1', 'a=2']],
    [['a[b][c]=1', 'a[b]=2']],
  ])('that contradict each other are refused: %j', (fields) => {
    expect(() => json(...fields)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('is given twice') }),
    );
  });

  test.each(['[a]=1', 'a]=1', 'a[=1', 'a[b]c=1', `a${'[]'.repeat(21)}=1`])(
    'whose brackets do not match are refused: %s',
    (field) => {
      expect(() => json(field)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
    },
  );
});
