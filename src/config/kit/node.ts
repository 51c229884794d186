import { placeWords } from '../../outcome/place-words.js';
/** A place in the settings: `input workloads, line 2`, or a path inside the file with its line and column, both counted from 1. */
export interface Spot {
  readonly where: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** The content of an input or the settings file, independent of YAML. Every scalar is text, as inputs are: `1.20` stays `1.20`. */
export type Node = TextNode | ListNode | MapNode | NothingNode;

export interface TextNode {
  readonly type: 'text';
  readonly at: Spot;
  readonly text: string;
  /** The place of a line of the text, counted from 0; `at` where a text has only one, or its lines are not those of the file. */
  readonly lineAt: (index: number) => Spot;
}
interface ListNode { readonly type: 'list'; readonly at: Spot; readonly items: readonly Node[] }
export interface MapNode { readonly type: 'map'; readonly at: Spot; readonly entries: readonly MapEntry[] }
/** The place of `value` is that of the key. */
export interface MapEntry { readonly key: string; readonly value: Node }
/** A key or a dash with nothing after it, or with `null` or `~`. */
interface NothingNode { readonly type: 'nothing'; readonly at: Spot }

/** `a list`, `text`: for messages. */
export const nodeWord = ({ type }: Node): string => (type === 'text' || type === 'nothing' ? type : `a ${type}`);

/** A text that is not made of lines of the settings file. */
export const textNode = (text: string, at: Spot): TextNode => ({ type: 'text', text, at, lineAt: () => at });

/** The text of an input or of a flag. */
export function inputNode(name: string, text: string): TextNode {
  const at = { where: placeWords().given(name) };
  const hasLines = text.trim().includes('\n');
  return { type: 'text', text, at, lineAt: (index) => (hasLines ? { where: `${at.where}, line ${index + 1}` } : at) };
}

/** Inputs as the map that they are. */
export const inputsNode = (inputs: readonly (readonly [string, string])[]): MapNode =>
  ({ type: 'map', at: { where: placeWords().allGiven }, entries: inputs.map(([key, text]) => ({ key, value: inputNode(key, text) })) });
