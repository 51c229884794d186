/*
 * The text format of Prometheus, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export type Labels = Readonly<Record<string, string>>;

/** Samples of one name. */
export interface Family {
  /** `deploy_run_duration_seconds`: letters, digits and underscores. */
  readonly name: string;
  readonly help: string;
  /** Everything that a Pushgateway holds is a gauge: it keeps the last value, and adds nothing up. */
  readonly samples: readonly { readonly labels?: Labels; readonly value: number }[];
}

/** Line feeds end a line, and backslashes begin an escape. */
const escapedHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapedValue = (text: string): string => escapedHelp(text).replaceAll('"', '\\"');

/** The families as text, each once. Every line ends with a line feed: the Pushgateway refuses a text that does not. */
export function exposition(families: readonly Family[]): string {
  return families.map(({ name, help, samples }) => [
    `# HELP ${name} ${escapedHelp(help)}\n`, `# TYPE ${name} gauge\n`,
    ...samples.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${numberText(value)}\n`),
  ].join('')).join('');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const numberText = (value: number): string => (value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value));

/**
 * The path of a group. The labels in it are the grouping key: what is pushed to the same key replaces what was pushed before. A
 * value with a slash, or an empty one, can only be written in base64:
 * https://github.com/prometheus/pushgateway#url
 */
export function groupPath(job: string, labels: Labels): string {
  return `/metrics/${[['job', job] as const, ...Object.entries(labels)].map(([name, value]) => segment(name, value)).join('/')}`;
}

function segment(name: string, value: string): string {
  if (/^[\w-][\w.-]*$/.test(value)) return `${name}/${value}`;
  // An empty value is written as padding alone.
  return `${name}@base64/${Buffer.from(value).toString('base64url') || '='}`;
}
