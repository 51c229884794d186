/** Looks for a text in pieces that come one after the other; true from the piece on in which it is complete. */
export function textFinder(text: string): (piece: string) => boolean {
  let rest = '';
  return (piece) => {
    const window = rest + piece;
    if (window.includes(text)) return true;
    rest = text.length > 1 ? window.slice(1 - text.length) : '';
    return false;
  };
}

/** Removes every occurrence of a text from pieces that come one after the other; `undefined` asks for the rest that was buffered. */
export function withoutText(text: string): (piece: string | undefined) => string {
  let rest = '';
  return (piece) => {
    if (piece === undefined || text === '') return rest + (piece ?? '');
    const parts = (rest + piece).split(text);
    const last = parts.pop() ?? '';
    const kept = overlap(last, text);
    rest = kept === 0 ? '' : last.slice(-kept);
    return parts.join('') + last.slice(0, last.length - kept);
  };
}

/** How many characters at the end of `piece` may be the beginning of `text`. */
function overlap(piece: string, text: string): number {
  for (let length = Math.min(piece.length, text.length - 1); length > 0; length -= 1) {
    if (piece.endsWith(text.slice(0, length))) return length;
  }
  return 0;
}

/** How far a page is searched for its charset, as by browsers. https://html.spec.whatwg.org/#prescan-a-byte-stream-to-determine-its-encoding */
const prescanBytes = 1024;
const saysItself = /html|xml/i;
const charsetParameter = /;\s*charset\s*=\s*"?([^\s";]+)/i;

/** How many first bytes of a body are needed to know its charset. */
export const headBytes = (contentType: string): number => (saysItself.test(contentType) && !charsetParameter.test(contentType) ? prescanBytes : 2);

/**
 * The charset of a body: that of a byte order mark, else of its Content-Type, else the one that an HTML or XML document
 * declares in its first bytes, else UTF-8. An unknown charset counts as UTF-8.
 */
export function charsetOf(contentType: string, head: Uint8Array): string {
  const named = charsetParameter.exec(contentType)?.[1];
  const [first, second] = head;
  const mark = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
  const start = saysItself.test(contentType) ? Buffer.from(head).toString('latin1', 0, prescanBytes) : '';
  const said = /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(start)?.[1] ?? /^\s*<\?xml[^>]+encoding\s*=\s*["']([\w-]+)/i.exec(start)?.[1];
  return [mark, named, said].find((label) => label !== undefined && isCharset(label)) ?? 'utf-8';
}

function isCharset(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}
