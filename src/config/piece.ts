import type { ScalarNode } from './node.js';
import type { Spot } from './reading.js';

/** One entry of a text, with its place. */
export interface Piece { readonly text: string; readonly spot: Spot }

/** The entries of a text: its lines, each split once more by `separator` when there is one. Blank ones fall away. */
export function pieces(text: string, separator: string | undefined, lineSpot: (line: number) => Spot): readonly Piece[] {
  return text.split(/\r\n?|\n/).flatMap((line, index) => (separator === undefined ? [line] : line.split(separator))
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => ({ text: part, spot: lineSpot(index) })));
}

/** `input workloads, line 2`; no line when the text has only one. */
export const inputLine = (text: string, spot: Spot) => (index: number): Spot =>
  text.trim().includes('\n') ? { ...spot, where: `${spot.where}, line ${index + 1}` } : spot;

/** The line of the file when the text is a block that keeps its lines, else the place where it begins. */
export const fileLine = (node: ScalarNode, spot: Spot) => (index: number): Spot =>
  node.block ? { where: spot.where, file: spot.file, line: node.line + 1 + index } : spot;
