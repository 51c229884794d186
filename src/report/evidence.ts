import type { Evidence } from '../outcome/errors.js';
import { codeBlock, details } from './markdown.js';
import { plainText } from '../outcome/plain.js';

/** Characters that the block around a text needs, its title aside. */
const wrapping = 200;

/** Each piece of evidence as a block that opens at a click, the first one open, all of them together within `room` characters. */
export function evidenceBlocks(evidence: readonly Evidence[], room: number): string {
  const blocks: string[] = [];
  let left = room;
  evidence.forEach((piece, index) => {
    // Room that a short piece does not use goes to the next ones.
    const share = Math.floor(left / (evidence.length - index));
    // The first is what decided: the log of what failed, the error of the build.
    const block = evidenceBlock(piece, share, index === 0);
    left -= block.length + 2;
    if (block !== '') blocks.push(block);
  });
  return blocks.join('\n\n');
}

function evidenceBlock(piece: Evidence, room: number, open: boolean): string {
  const title = [...piece.title].slice(0, 200).join('');
  const space = room - wrapping - title.length * 6;
  return space <= 0 ? '' : details(title, codeBlock(lastLines(plainText(piece.text), space)), open);
}

/** The end of a text, where a log says why, in whole lines and with a note that the rest is left out. */
export function lastLines(text: string, room: number): string {
  const body = text.replace(/(?<!\n)\n+$/, '');
  if (body.length <= room) return body;
  const note = '… (earlier lines are left out)\n';
  const tail = body.slice(-Math.max(0, room - note.length));
  const lineStart = tail.indexOf('\n') + 1;
  return note + tail.slice(lineStart);
}
