import { plainText } from '../outcome/plain.js';

/** Remembers what must not be seen, and takes it out of texts. */
export interface Masking {
  /** Returns the single lines that are new, for the runner to hide too; empty when there is nothing to hide. */
  add(secret: string): readonly string[];
  redact(text: string): string;
}

/**
 * Lines of a multi-line secret shorter than this are not hidden by themselves: they are the `{`, `-` and `EOF` of keys
 * and JSON files, which say nothing, and hiding them would riddle the log with stars.
 */
const shortestLine = 4;

/** A piece of base64 shorter than this is left alone: it would be found in harmless text. */
const shortestPiece = 8;

/** A new, empty memory. Longer values win over shorter ones inside them, so no end of a secret is left standing. */
export function createMasking(): Masking {
  const hidden = new Set<string>();
  const told = new Set<string>();
  let pattern: RegExp | undefined;

  return {
    add(secret) {
      const lines = linesToHide(secret);
      const fresh = lines.filter((line) => !told.has(line));
      for (const line of fresh) told.add(line);
      for (const value of lines.length > 0 ? [secret, secret.trim(), ...lines] : []) {
        for (const form of formsOf(value)) hidden.add(form);
      }
      pattern = hidden.size > 0 ? patternOf(hidden) : undefined;
      return fresh;
    },
    redact(text) {
      if (!pattern || !pattern.test(text)) return text;
      const replaced = text.replace(new RegExp(pattern, 'g'), '***');
      // The stars can complete another secret (`a***b`); then the text is given up rather than read more cleverly.
      return pattern.test(replaced) ? '***' : replaced;
    },
  };
}

function linesToHide(secret: string): readonly string[] {
  const lines = secret.split(/\r\n|\r|\n/).map((line) => line.trim()).filter((line) => line !== '');
  // The only line with anything on it is the secret itself, however short.
  return lines.length === 1 ? lines : [...new Set(lines.filter((line) => line.length >= shortestLine))];
}

/** The ways in which programs write a value: as it is, as shown, in base64, in a URL, in JSON. */
function formsOf(value: string): readonly string[] {
  const text = value.replace(/\p{Cs}/gu, '\uFFFD');
  const bytes = Buffer.from(text);
  const url = encodeURIComponent(text);
  const strictUrl = url.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const urls = [url, strictUrl, encodeURI(text), url.replaceAll('%20', '+')].flatMap((form) => [form, lowerHex(form)]);
  const json = JSON.stringify(text).slice(1, -1);
  const encoded = [bytes, Buffer.concat([bytes, Buffer.from('\n')])].flatMap((form) => {
    const standard = form.toString('base64');
    return [standard, standard.replace(/=+$/, ''), form.toString('base64url')];
  });
  const forms = [
    value, text, plainText(text), ...urls, json, json.replaceAll('/', '\\/'), ...encoded, ...insideBase64(bytes),
  ];
  return forms.filter((form) => form.trim() !== '' && !/^\*+$/.test(form));
}

const lowerHex = (url: string): string => url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

/** The part of the base64 of `before + value + after` that depends on the value alone, e.g. of `user:password`. */
function insideBase64(bytes: Buffer): readonly string[] {
  return [0, 1, 2]
    .map((skip) => bytes.subarray(skip))
    .map((rest) => rest.subarray(0, rest.length - (rest.length % 3)).toString('base64'))
    .filter((piece) => piece.length >= shortestPiece);
}

function patternOf(values: Iterable<string>): RegExp {
  const longestFirst = [...values].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'));
}
