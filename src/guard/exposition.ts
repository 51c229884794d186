/*
 * The page of metrics that an app serves: the text format 0.0.4 of Prometheus, and OpenMetrics 1.0, of which only the samples and
 * the types of their families are wanted. https://prometheus.io/docs/instrumenting/exposition_formats/,
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */

/** One line: a value at one moment. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN and ±Infinity are possible. */
  readonly value: number;
  /** ms since 1970; undefined when the page does not say. */
  readonly at?: number;
}

export interface MetricsPage {
  readonly samples: readonly MetricSample[];
  /** `counter`, `gauge`, `histogram`, `summary` … by the name of the family. */
  readonly types: ReadonlyMap<string, string>;
}

/** Why a text is no page of metrics: completes "the page of metrics …". */
export class NotMetrics extends Error {}

/**
 * @param isOpenMetrics of the content type: there a time is in seconds, otherwise in milliseconds
 * @throws NotMetrics with the number of the line
 */
export function parseMetrics(text: string, isOpenMetrics = false): MetricsPage {
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(text)) throw new NotMetrics('is a web page');
  const samples: MetricSample[] = [];
  const types = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '') continue;
    const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== '') types.set(name, type);
    if (line.startsWith('#')) continue;
    const sample = sampleOf(line, isOpenMetrics ? 1000 : 1);
    if (!sample) throw new NotMetrics(`has a line that is no sample (line ${index + 1})`);
    samples.push(sample);
  }
  return { samples, types };
}

const nameForm = /^[A-Za-z_:][A-Za-z0-9_:]*/;
/** An exemplar of OpenMetrics, after ` # `, is left out. */
const restForm = /^\s+(\S+)(?:\s+(-?[0-9.eE+]+))?(?:\s+#\s.*)?$/;

function sampleOf(line: string, msPerUnit: number): MetricSample | undefined {
  const [name = ''] = nameForm.exec(line) ?? [];
  if (name === '') return undefined;
  const labelled = labelsAt(line, name.length);
  const [, value = '', time] = labelled ? restForm.exec(line.slice(labelled.end)) ?? [] : [];
  const parsed = valueOf(value);
  if (!labelled || parsed === undefined) return undefined;
  return { name, labels: labelled.labels, value: parsed, ...time !== undefined && { at: Number(time) * msPerUnit } };
}

/** The labels that start here, if any do, and where they end. */
function labelsAt(line: string, start: number): { readonly labels: Record<string, string>; readonly end: number } | undefined {
  const labels: Record<string, string> = {};
  const [blanks = ''] = /^[ \t]*/.exec(line.slice(start)) ?? [];
  const brace = start + blanks.length;
  if (line[brace] !== '{') return { labels, end: start };
  const label = /\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;
  label.lastIndex = brace + 1;
  for (;;) {
    const from = label.lastIndex;
    const found = label.exec(line);
    if (!found) {
      const [spaces = ''] = /^\s*/.exec(line.slice(from)) ?? [];
      return line[from + spaces.length] === '}' ? { labels, end: from + spaces.length + 1 } : undefined;
    }
    const [, name = '', text = ''] = found;
    Object.defineProperty(labels, name, { value: unescaped(text), enumerable: true, configurable: true, writable: true });
  }
}

const unescaped = (text: string): string => text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));

function valueOf(text: string): number | undefined {
  const special: Readonly<Record<string, number>> = { 'nan': NaN, 'inf': Infinity, '+inf': Infinity, '-inf': -Infinity };
  const known = Object.hasOwn(special, text.toLowerCase()) ? special[text.toLowerCase()] : undefined;
  if (known !== undefined) return known;
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
