import type { HttpMessage } from '../../src/notify/http-message.js';

/** The body of a message as JSON. */
export const bodyOf = (message: HttpMessage): Any => JSON.parse(message.body) as Any;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the payloads of five services, of which each test reads a part
export type Any = any;

/** Every text in a payload, wherever it is. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Every object in a payload. */
export function objectsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inner : [value as Readonly<Record<string, unknown>>, ...inner];
}

/** Texts that mean something to one of the services, or to whoever reads mail. */
export const attacks: readonly string[] = [
  '<!channel>', '<!here|x>', '<@U012AB3CD>', '<#C024BE7LR>', '<!subteam^SAZ94GDB8>', '<https://evil.example|Log in>', '@everyone', '@channel @all', '*bold* _it_ ~no~ `code`', '```', ':fire:',
  '[link](https://evil.example)', '![x](https://evil.example/x.png)', '<at>Everyone</at>', '{{DATE(2026-01-01T00:00:00Z, SHORT)}}', '${expression}', '@{body()}',
  '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '"><b>', '&lt;b&gt;', 'a\r\nBcc: evil@example.com', 'a\nSubject: x', '\u001b[31mred\u001b[0m', '\u202etxt', '\u2028', 'x\u0000y',
];
