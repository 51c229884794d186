import type { Verdict } from '../../outcome/verdict.js';

/** Colours for one stream. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** Paints with the 16 colours that every terminal has, in the shades of its own theme; `false`: leaves texts as they are. */
export function createPaint(isOn: boolean): Paint {
  const with_ = (open: number, close: number) => (text: string): string => (isOn && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  return { bold: with_(1, 22), dim: with_(90, 39), red: with_(31, 39), green: with_(32, 39), yellow: with_(33, 39), cyan: with_(36, 39) };
}

type Colour = Exclude<keyof Paint, 'bold' | 'dim'>;

/** A rollback is no success, even though it worked; what only was looked at or built is no deployment. */
export const colourOf: Readonly<Record<Verdict, Colour>> = {
  'deployed': 'green', 'unchanged': 'green', 'tested': 'green', 'built': 'green', 'checked': 'green', 'backed-up': 'green', 'restored': 'green',
  'planned': 'cyan', 'rolled-back': 'yellow', 'failed': 'red', 'rollback-failed': 'red',
};

/** One column each, in every font. */
export const markOf: Readonly<Record<Verdict, string>> = {
  'deployed': '✓', 'unchanged': '✓', 'tested': '✓', 'built': '✓', 'checked': '✓', 'backed-up': '✓', 'restored': '✓',
  'planned': '○', 'rolled-back': '↩', 'failed': '✗', 'rollback-failed': '✗',
};
