import { expect, it } from '@jest/globals';
import { causeRooms, causes, type Cause } from '../../src/outcome/causes.js';

const codes = Object.values(causeRooms).flatMap((room) => Object.keys(room));

it('no cause is in two rooms', () => {
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
});

it('every cause is in the table with its texts', () => {
  expect(Object.keys(causes)).toEqual(codes);
  expect(causes['crash-loop']).toMatchObject({ sentence: 'The new version crashes.' });
});

it.each(codes as Cause[])('the texts of %s are sentences', (code) => {
  const { observed, sentence, hint } = causes[code];
  expect([observed, sentence].filter((text) => !/^[A-Z`"].*\.$/.test(text))).toEqual([]);
  expect(hint).toMatch(/^[A-Z].*[.?]$/);
});
