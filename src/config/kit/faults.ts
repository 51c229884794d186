import { quote, type Fault } from './checked.js';
import { suggestion } from './did-you-mean.js';
import { nodeWord, type Node } from './node.js';
import { placeWords } from '../../outcome/place-words.js';

/** That a value is of the wrong type. `expects` completes "must be …". */
export const expectedFault = (expects: string, node: Node): Fault => (node.type === 'nothing'
  ? { message: 'has no value', hint: `Give ${expects}, or remove the line.` }
  : { message: `must be ${expects}, not ${nodeWord(node)}` });

export const emptyFault = (expects: string): Fault => ({ message: 'is empty', hint: `Give ${expects}, or remove the line.` });
export const noEntryFault = (item: string): Fault => ({ message: 'has no entry', hint: `Give ${item}, or leave it out.` });

/** The problem with a text of the file that has an expression, which only the runner would evaluate; undefined without one. */
export const expressionFault = (node: Node): Fault | undefined => (node.type === 'text' && node.at.file !== undefined && node.text.includes('${{')
  ? { message: 'has a "${{" expression, which is not evaluated in this file', hint: placeWords().giveExpression }
  : undefined);

export const unknownKey = (key: string, known: readonly string[]): Fault => ({
  message: `unknown key ${quote(key)}`,
  hint: suggestion(key, known, known.length <= 6 ? `Known keys: ${known.join(', ')}.` : 'All settings are listed in docs/settings.md.'),
});

/** For every value, the problem if it is repeated; `name` is how it is shown. */
export const repeated = <T>(name: (value: T) => string) => (values: readonly T[]): readonly (Fault | undefined)[] => {
  const names = values.map(name);
  const first = new Map([...names.entries()].reverse().map(([index, each]) => [each, index]));
  return names.map((each, index) => (first.get(each) !== index ? { message: `has "${each}" twice`, hint: 'Remove one of them.' } : undefined));
};
