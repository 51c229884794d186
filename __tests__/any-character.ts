import fc from 'fast-check';

const surrogates = { from: 0xd800, count: 0x800 };

/**
 * Any character of Unicode, as a unit of `fc.string`. Like the unit `binary` of fast-check, which builds a table of all 1.1
 * million characters first: half a second of processor time in each file of tests.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.integer({ min: 0, max: 0x10ffff - surrogates.count }).map(
  (index) => String.fromCodePoint(index < surrogates.from ? index : index + surrogates.count),
  (character) => {
    const code = typeof character === 'string' && [...character].length === 1 ? character.codePointAt(0) : undefined;
    if (code === undefined || (code >= surrogates.from && code < surrogates.from + surrogates.count)) throw new Error('not a character');
    return code < surrogates.from ? code : code - surrogates.count;
  },
);
