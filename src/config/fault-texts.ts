import { quote, type Fault } from './checked.js';
import { suggestion } from './did-you-mean.js';
import { nodeWord, type Node } from './node.js';

/** That a value of the file is of the wrong type. `expects` completes "must be …". */
export function expectedFault(expects: string, node: Node): Fault {
  if (node.type === 'null') return { message: 'has no value', hint: `Give ${expects}, or remove the line.` };
  const message = `must be ${expects}, not ${nodeWord(node)}`;
  const isPlain = node.type === 'number' || node.type === 'boolean';
  return isPlain ? { message: `${message} (${quote(node.text)})`, hint: 'Put it in quotes if it is meant as text.' } : { message };
}

export const emptyFault = (expects: string): Fault => ({ message: 'is empty', hint: `Give ${expects}, or remove the line.` });
export const noEntryFault = (item: string): Fault => ({ message: 'has no entry', hint: `Give ${item}, or leave it out.` });

/** Text from the file that somebody expects to be filled in by the runner. */
export const expressionFault: Fault = {
  message: 'has a "${{" expression, and the runner evaluates none in this file',
  hint: 'Give this setting as an input of the step, where expressions work.',
};

export const unknownKey = (key: string, known: readonly string[]): Fault =>
  ({ message: `unknown key ${quote(key)}`, hint: suggestion(key, known, listed(known)) });

const listed = (known: readonly string[]): string =>
  (known.length <= 6 ? `Known are ${known.join(', ')}.` : 'All settings are listed in docs/settings.md.');
