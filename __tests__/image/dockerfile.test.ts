import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { instructionsOf } from '../../src/image/dockerfile.js';
import { anyCharacter } from '../any-character.js';

const short = (text: string) => instructionsOf(text).map(({ name, rest, line }) => `${line} ${name} ${rest}`);

describe('the instructions of a Dockerfile', () => {
  it.each<[string, string, readonly string[]]>([
    ['on one line each', 'FROM a\nRUN b', ['1 FROM a', '2 RUN b']],
    ['in small letters, with white space', '  from  a  \n\n\trun b', ['1 FROM a', '3 RUN b']],
    ['on several lines, with comments and empty lines between', 'RUN a && \\\n  # why\n\n  b \\ \n c\nCMD d', ['1 RUN a &&    b   c', '6 CMD d']],
    ['with the line ends of Windows', 'FROM a\r\nRUN b \\\r\n c\r\n', ['1 FROM a', '2 RUN b   c']],
    ['without the bodies of here-documents', 'FROM a\nRUN <<EOF cat <<-"B"\nFROM b\nEOF\nFROM c\n\tB\nFROM d', ['1 FROM a', '2 RUN <<EOF cat <<-"B"', '7 FROM d']],
    ['which only some instructions have', 'ENV A=<<EOF\nFROM a', ['1 ENV A=<<EOF', '2 FROM a']],
    ['and nothing else', '# syntax=docker/dockerfile:1\n\nno\nFROM', []],
  ])('%s', (_, text, expected) => expect(short(text)).toEqual(expected));
  it('are found in any text', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), fc.constantFrom('FROM ', 'RUN <<E\n', '\\\n', '#'), (text, part) => {
      expect(instructionsOf(`${part}${text}\n${part}`).every(({ name }) => /^[A-Z]+$/.test(name))).toBe(true);
    }));
  });
});
