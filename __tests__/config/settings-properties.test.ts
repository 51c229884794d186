import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { settingNames, settingsOf } from '../../src/config/settings.js';
import { actionNames, type ActionName } from '../../src/outcome/action.js';
import { ConfigError, describeProblem, type Problem } from '../../src/outcome/errors.js';
import { parseTexts } from './parse-texts.js';
import { anyCharacter } from '../any-character.js';

/** A name as a person misspells it: one letter lost, doubled, replaced, two swapped; `_` or capitals for dashes. */
const slip = (name: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.tuple(name, fc.nat(), fc.constantFrom('lose', 'double', 'replace', 'swap', 'underscore', 'join', 'append', 'plural'))
  .map(([word, number, how]) => {
    const at = number % word.length;
    const [before, letter, after] = [word.slice(0, at), word.charAt(at), word.slice(at + 1)];
    return {
      lose: before + after, double: before + letter + letter + after, replace: `${before}x${after}`, swap: `${before}${after.charAt(0)}${letter}${after.slice(1)}`,
      underscore: word.replaceAll('-', '_'), join: word.replaceAll('-', ''), append: `${word}-name`, plural: word.replace(/s$/, '') + (word.endsWith('s') ? '' : 's'),
    }[how];
  }).filter((word) => word !== '');

const known = fc.constantFrom(...settingNames);
const anyName = fc.oneof(known, known, slip(known), fc.string({ unit: anyCharacter, minLength: 1, maxLength: 12 }));

/** Texts of inputs: empty ones, blanks, several lines, what YAML makes of scalars, and what looks nearly right. */
const text = fc.oneof(
  fc.constantFrom('', ' ', '\n', '\t\r\n ', '~', 'null', 'true', 'False', 'yes', 'off', '.inf', '1e999', '0x1F', '1_000', '-', '--', '[]', '{}', '[a', '{a: b', '*a', '&a b', '!!str x',
    '2026-01-01', '${{ inputs.x }}', '%', '"', "'", '|', '>-\n x', '---\na: b\n---', 'a: b', '@', '`', '#', 'a #b', '10', '10m', '0', '-1s', 'NaN', 'undefined', '__proto__', 'constructor'),
  fc.string({ unit: anyCharacter, maxLength: 30 }),
  fc.array(fc.constantFrom(
    'deployment/a', 'sts/b:c', 'service/a/x -> 200', 'linux/amd64', 'A=1', 'x=env:Y', 'npm test', 'Fri 16:00 – Mon 08:00 UTC', '', ' ', '\t', ',', '\u0000', '\u202e', '😀', '..'), { maxLength: 6 })
    .chain((lines) => fc.constantFrom('\n', '\r\n', '\r', ',', '\u2028').map((between) => lines.join(between))),
);

/** What a settings file can hold under a key, as JSON, which is YAML, and as text that YAML reads in ways of its own. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 },
    text, fc.double(), fc.boolean(), fc.constant(null), fc.integer(), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(anyName, tie('value'), { maxKeys: 4 })),
}));
const asJson = fc.dictionary(fc.oneof(anyName, fc.constant('environments')), value, { maxKeys: 6 }).map((settings) => JSON.stringify(settings));
const asYaml = fc.array(fc.tuple(fc.oneof(anyName, fc.constant('environments')), fc.oneof(text, value.map((each) => JSON.stringify(each) ?? ''))), { maxLength: 5 })
  .map((lines) => lines.map(([key, each]) => `${key}: ${each}`).join('\n'));
const fileText = fc.option(fc.oneof(asJson, asYaml, text), { nil: undefined });

const source = fc.record({ action: fc.constantFrom(...actionNames), inputs: fc.dictionary(anyName, text, { maxKeys: 6 }), text: fileText });

interface Given {
  readonly action: ActionName;
  readonly inputs: Readonly<Record<string, string>>;
  readonly text?: string;
}

/** The problems of these settings; empty when they are a Config. Whatever else is thrown fails the test. */
function read({ action, inputs, text }: Given): readonly Problem[] {
  try {
    const { config, warnings } = parseTexts({ action, inputs, text, facts: { env: {} } });
    expect(config.app).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    expect(warnings.flatMap(oddities)).toEqual([]);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    return error.problems;
  }
}

/** What is wrong with how a problem is told: it has a place, a sentence, and nothing in them that was not meant to be read. */
function oddities(problem: Problem): readonly string[] {
  const shown = describeProblem(problem);
  const counted = [problem.line, problem.column].every((each) => Number.isInteger(each) && (each ?? 0) >= 1);
  const odd = {
    'no place': problem.where.trim() === '', 'no message': problem.message.trim() === '', 'an empty hint': problem.hint === '',
    'a control character': /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(shown), 'a value that is no text': /\[object |\.\. |: undefined|function /.test(shown),
    'no line and column': problem.file !== undefined && !counted,
  };
  return Object.entries(odd).flatMap(([what, is]) => (is ? [`${what}: ${shown}`] : []));
}

describe('whatever is given as settings', () => {
  it('is a Config, or a list of problems that each have a place and a sentence', () => {
    fc.assert(fc.property(source, (given) => { expect(read(given).flatMap(oddities)).toEqual([]); }), { numRuns: 1000 });
  });

  it('names every input that the action does not have, and no value of it', () => {
    const unknown = fc.tuple(fc.constantFrom(...actionNames), slip(known).filter((name) => !settingNames.some((own) => own === name)));
    fc.assert(fc.property(unknown, source, ([action, name], { inputs, text: content }) => {
      const few = Object.fromEntries(Object.entries(inputs).slice(0, 3));
      const problems = read({ action, inputs: { ...few, [name]: 'hunter2-hunter2' }, text: content });
      expect(problems.map(({ message }) => message)).toContain(`unknown input "${name}"`);
      expect(problems.map(describeProblem).join('\n')).not.toContain('hunter2');
    }), { numRuns: 300 });
  });

  it('is told of the input that was meant when one letter is wrong, or `_` stands for a dash', () => {
    const near = fc.constantFrom(...actionNames)
      .chain((action) => fc.tuple(fc.constant(action), fc.constantFrom(...settingsOf(action)).filter((name) => name.length > 3)));
    fc.assert(fc.property(near, fc.nat(), fc.boolean(), ([action, name], number, underscore) => {
      const at = number % name.length;
      const wrong = underscore && name.includes('-') ? name.replaceAll('-', '_') : `${name.slice(0, at)}${name.slice(at + 1)}`;
      fc.pre(!settingNames.some((own) => own === wrong));
      const hints = read({ action, inputs: { [wrong]: 'x' } }).map(({ hint }) => hint);
      expect(hints).toEqual([expect.stringMatching(/^Did you mean "[a-z0-9-]+"\?$/)]);
    }), { numRuns: 300 });
  });
});
