import { unicode } from '../outcome/unicode.js';
import { createAutomaton, type Automaton, type Pattern, type Span } from './automaton.js';
import { formsOf } from './forms.js';

/**
 * `value`: a secret, and each line of it. `document`: a text that contains secrets, such as a kubeconfig, hidden only as a
 * whole; its lines are names and structure, and the secrets in it are added as values.
 */
type SecretKind = 'value' | 'document';

/** Remembers secrets and removes them from texts. */
export interface Masking {
  add(secret: string, kind?: SecretKind): void;
  /** Words that are not secret: they are never masked, even if a secret is a part of them. */
  keep(words: readonly string[]): void;
  /** Whether a secret is hidden everywhere: it is neither very short, nor a part of a kept word. */
  hides(secret: string): boolean;
  /** The lines that the runner must hide too, each once. It hides them everywhere, so kept words are not among them. */
  forRunner(): readonly string[];
  redact(text: string): string;
}

/** Characters. Anything shorter occurs in numbers, names and digests, and masking it would destroy the log. */
export const shortestHidden = 4;
/** A line of a secret that is shorter than this is hidden by itself only when it looks random: `"true",` does not, `x9Q=` does. */
const shortestLine = 8;
/** Texts may be cut, so the first part of a secret is hidden too when it is half of the secret, or has so many characters. */
const shortestPart = 16;
const longPart = 64;
const stars = '***';
/** A digest is not secret, and a secret shorter than this can occur in one by chance. */
const digests = /sha256:[0-9a-f]{64}/g;
const longestByChance = 16;

/** A new, empty memory. */
export function createMasking(): Masking {
  const patterns = new Map<string, Pattern>();
  const kept = new Set<string>();
  const known = new Set<string>();
  const lines = new Set<string>();
  let told = 0;
  // Built when something is looked for, not with each secret: there can be hundreds.
  let hidden: Automaton | undefined;
  let keeping: Automaton | undefined;
  const remember = (text: string, inPart: boolean): void => {
    if (!canBeHidden(text)) return;
    patterns.set(text, { text, partFrom: inPart ? partOf(text) : patterns.get(text)?.partFrom });
    hidden = undefined;
  };
  const rememberForms = (value: string, kind: SecretKind): void => {
    const { readable, encoded } = formsOf(value);
    for (const form of readable) remember(form, kind === 'value');
    for (const form of encoded) remember(form, true);
  };
  const isKept = (text: string): boolean => {
    for (const word of kept) if (word.includes(text)) return true;
    return false;
  };
  return {
    add(secret, kind = 'value') {
      const trimmed = secret.trim();
      if (trimmed.length < shortestHidden || known.has(`${kind} ${secret}`)) return;
      known.add(`${kind} ${secret}`);
      const own = kind === 'value' ? linesToHide(trimmed) : [];
      for (const value of new Set([secret, trimmed, ...own])) rememberForms(value, kind);
      for (const line of own) lines.add(line);
    },
    keep(words) {
      for (const word of words) if (word.length >= shortestHidden) kept.add(word);
      keeping = undefined;
    },
    hides: (secret) => canBeHidden(secret) && !isKept(secret.trim()),
    forRunner() {
      const fresh = [...lines].slice(told);
      told = lines.size;
      return fresh.filter((line) => canBeHidden(line) && !isKept(line));
    },
    redact(text) {
      if (patterns.size === 0) return text;
      hidden ??= createAutomaton([...patterns.values()]);
      const matches = spansOf(hidden, text);
      if (matches.length === 0) return text;
      keeping ??= createAutomaton([...kept].map((word) => ({ text: word })));
      return replace(text, { hidden, keeping });
    },
  };
}

const partOf = (text: string): number => Math.min(longPart, Math.max(shortestPart, Math.ceil(text.length / 2)));

/** Stars cannot hide stars. */
const canBeHidden = (text: string): boolean => text.trim().length >= shortestHidden && !/^\**$/.test(text.trim());

/** If only one line is not blank, it is the secret itself, however short. */
function linesToHide(secret: string): readonly string[] {
  const lines = secret.split(/\r\n|\r|\n/).map((line) => line.trim()).filter((line) => line !== '');
  return lines.length === 1 ? lines : [...new Set(lines.filter(saysSomething))];
}

const onlySigns = unicode('^[^\\p{L}\\p{N}]*$', 'u');

/** False for the `{`, `-`, `EOF` and `"true",` of keys and JSON files: they are not secret, and occur everywhere. */
function saysSomething(line: string): boolean {
  if (!/[a-z0-9]/i.test(line) && onlySigns().test(line)) return line.length >= 2 * shortestLine && !/^(.)\1*$/su.test(line);
  if (line.length >= shortestLine) return true;
  const has = (...kinds: readonly RegExp[]): boolean => kinds.every((kind) => kind.test(line));
  return line.length >= shortestHidden && (has(/[A-Z]/, /[a-z]/) || has(/\d/, /[A-Za-z]/) || has(/[+/=]/));
}

interface Automata {
  readonly hidden: Automaton;
  readonly keeping: Automaton;
}

/** How often stars may complete another secret (`a***b`) before nothing of a text is shown. */
const rounds = 3;

function replace(text: string, automata: Automata): string {
  let shown = text;
  for (let round = 0; round < rounds; round += 1) {
    const spans = toHide(shown, automata);
    if (spans.length === 0) return shown;
    shown = withStars(shown, joined(spans));
  }
  return toHide(shown, automata).length === 0 ? shown : stars;
}

/** In the order of their ends. */
function spansOf(automaton: Automaton, text: string): readonly Span[] {
  const spans: Span[] = [];
  automaton.scan(text, (start, end) => spans.push({ start, end }));
  return spans.sort((a, b) => a.end - b.end);
}

/** The secrets in a text, in the order of their ends, without those that lie wholly in a kept word. */
function toHide(text: string, { hidden, keeping }: Automata): readonly Span[] {
  const spans = outside(spansOf(hidden, text), spansOf(keeping, text));
  const inDigests = [...text.matchAll(digests)].map(({ 0: digest, index }) => ({ start: index, end: index + digest.length }));
  return outside(spans, inDigests, longestByChance);
}

/** The spans that lie in none of the `covers`, or are as long as this. Both are in the order of their ends. */
function outside(spans: readonly Span[], covers: readonly Span[], unlessFrom = Infinity): readonly Span[] {
  const left: Span[] = [];
  // From the back: the leftmost start of all covers that end here or later.
  let [next, leftmost] = [covers.length - 1, Infinity];
  for (const span of [...spans].reverse()) {
    for (let cover = covers[next]; cover && cover.end >= span.end; cover = covers[next]) {
      leftmost = Math.min(leftmost, cover.start);
      next -= 1;
    }
    if (span.start < leftmost || span.end - span.start >= unlessFrom) left.push(span);
  }
  return left.reverse();
}

/** Overlapping and touching ones as one. They come in the order of their ends. */
function joined(spans: readonly Span[]): readonly Span[] {
  const joint: Span[] = [];
  for (const span of spans) {
    let { start } = span;
    for (let last = joint.at(-1); last && last.end >= start; last = joint.at(-1)) {
      start = Math.min(start, last.start);
      joint.pop();
    }
    joint.push({ start, end: span.end });
  }
  return joint;
}

function withStars(text: string, spans: readonly Span[]): string {
  let [shown, from] = ['', 0];
  for (const { start, end } of spans) {
    shown += text.slice(from, start) + stars;
    from = end;
  }
  return shown + text.slice(from);
}
