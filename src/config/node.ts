/** Where something stands in the settings file; both counted from 1. */
export interface Position { readonly line: number; readonly column: number }

/** What a settings file says, free of the ways in which YAML can say it. */
export type Node = MapNode | ListNode | ScalarNode;

export interface MapNode extends Position { readonly type: 'map'; readonly entries: readonly MapEntry[] }
export interface MapEntry { readonly key: string; readonly at: Position; readonly value: Node }
export interface ListNode extends Position { readonly type: 'list'; readonly items: readonly Node[] }
export interface ScalarNode extends Position {
  readonly type: 'text' | 'number' | 'boolean' | 'null';
  /** As it is written: `1.20` stays `1.20`. */
  readonly text: string;
  /** The lines of the text follow the line of the `|`. */
  readonly block?: boolean;
}

const words: Readonly<Record<Node['type'], string>> = {
  map: 'a map', list: 'a list', text: 'text', number: 'a number', boolean: 'true or false', null: 'nothing',
};
/** `a list`, `a number`: for messages. */
export const nodeWord = (node: Node): string => words[node.type];
