import { loneSurrogates, plainText } from '../outcome/plain.js';

/** A shorter piece of base64 is not searched for: it would be found in harmless text. */
const shortestPiece = 8;

/** Bytes of a value that is looked for in these forms as well: there can be hundreds of longer ones, and memory is short. */
const longestOften = 16 * 1024;

export interface Forms {
  /** The value as a program prints text: as it is, in a URL, in JSON. */
  readonly readable: readonly string[];
  /** Forms that a person cannot read. */
  readonly encoded: readonly string[];
}

/**
 * The ways in which programs write a value: as it is, as shown, in a URL, in JSON (as Go writes it, and in JSON inside of JSON),
 * in HTML, in quotes of a shell, in hex, in base64 (in lines and once more in base64, as a Secret of Kubernetes holds a login).
 */
export function formsOf(value: string): Forms {
  const text = value.replace(loneSurrogates, '\uFFFD');
  const bytes = Buffer.from(text);
  const encoded = encodedOf(bytes);
  // It has no character that any of the forms below would change.
  if (/^[\w.~-]*$/.test(value)) return { readable: [value], encoded };
  const url = encodeURIComponent(text);
  const strictUrl = url.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const urls = [url, strictUrl, encodeURI(text), url.replaceAll('%20', '+')].flatMap((form) => [form, lowerHex(form)]);
  const json = JSON.stringify(text).slice(1, -1);
  const goJson = json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return {
    readable: [value, text, plainText(text), ...urls, json, json.replaceAll('/', '\\/'), goJson, ...quotedOf(text, json)],
    encoded,
  };
}

/** The text in quotes, and in HTML as Go, browsers, PHP and Python write it. */
function quotedOf(text: string, json: string): readonly string[] {
  if (!/[&<>"'\\]/.test(text)) return [];
  const html = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    JSON.stringify(json).slice(1, -1), text.replaceAll('\'', '\'\\\'\''), text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\''),
    ...[['&#34;', '&#39;'], ['&quot;', '&#39;'], ['&quot;', '&#x27;']].map(([double = '', single = '']) => html.replaceAll('"', double).replaceAll('\'', single)),
  ];
}

const lowerHex = (url: string): string => url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

function encodedOf(bytes: Buffer): readonly string[] {
  const whole = [bytes, Buffer.concat([bytes, Buffer.from('\n')])].flatMap((form) => [form.toString('base64'), form.toString('base64').replace(/={1,2}$/, ''), form.toString('base64url')]);
  const inside = insideBase64(bytes);
  if (bytes.length > longestOften) return [...whole, ...inside];
  const hex = bytes.toString('hex');
  const twice = inside.flatMap((piece) => insideBase64(Buffer.from(piece)));
  const lines = [64, 76].flatMap((width) => whole.flatMap((text) => linesOf(text, width)));
  return [...whole, ...inside, ...twice, ...lines, hex, hex.toUpperCase()];
}

/** Lines of base64 as openssl (64) and coreutils (76) write them. */
const linesOf = (text: string, width: number): readonly string[] =>
  (text.length <= width ? [] : (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).filter((line) => line.length >= shortestPiece));

/** The part of the base64 of `before + value + after` that depends on the value alone, e.g. of `user:password`. */
function insideBase64(bytes: Buffer): readonly string[] {
  return [0, 1, 2]
    .map((skip) => bytes.subarray(skip))
    .map((rest) => rest.subarray(0, rest.length - (rest.length % 3)))
    .flatMap((whole) => [whole.toString('base64'), whole.toString('base64url')])
    .filter((piece) => piece.length >= shortestPiece);
}
