import { plainText } from '../outcome/plain.js';

/** A piece of base64 shorter than this is left alone: it would be found in harmless text. */
const shortestPiece = 8;

export interface Forms {
  /** The value as a program prints text: as it is, in a URL, in JSON. */
  readonly readable: readonly string[];
  /** What nobody can read any more. */
  readonly encoded: readonly string[];
}

/** The ways in which programs write a value: as it is, as shown, in a URL, in JSON (as Go writes it, too), in base64. */
export function formsOf(value: string): Forms {
  const text = value.replace(/\p{Cs}/gu, '\uFFFD');
  const bytes = Buffer.from(text);
  const encoded = base64Of(bytes);
  // Nothing in it is written in another way anywhere.
  if (/^[\w.~-]*$/.test(value)) return { readable: [value], encoded };
  const url = encodeURIComponent(text);
  const strictUrl = url.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const urls = [url, strictUrl, encodeURI(text), url.replaceAll('%20', '+')].flatMap((form) => [form, lowerHex(form)]);
  const json = JSON.stringify(text).slice(1, -1);
  const goJson = json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return {
    readable: [value, text, plainText(text), ...urls, json, json.replaceAll('/', '\\/'), goJson],
    encoded,
  };
}

const lowerHex = (url: string): string => url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

function base64Of(bytes: Buffer): readonly string[] {
  const whole = [bytes, Buffer.concat([bytes, Buffer.from('\n')])].flatMap((form) => [form.toString('base64'), form.toString('base64').replace(/=+$/, ''), form.toString('base64url')]);
  return [...whole, ...insideBase64(bytes)];
}

/** The part of the base64 of `before + value + after` that depends on the value alone, e.g. of `user:password`. */
function insideBase64(bytes: Buffer): readonly string[] {
  return [0, 1, 2]
    .map((skip) => bytes.subarray(skip))
    .map((rest) => rest.subarray(0, rest.length - (rest.length % 3)))
    .flatMap((whole) => [whole.toString('base64'), whole.toString('base64url')])
    .filter((piece) => piece.length >= shortestPiece);
}
