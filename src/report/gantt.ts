import type { Outcome, Span } from '../outcome/outcome.js';
import { isPrintableAscii, plainLine } from '../outcome/plain.js';
import { unicode } from '../outcome/unicode.js';
import type { StageName } from '../outcome/verdict.js';
import { duration } from './format.js';

const longestLabel = 48;
/** More bars than this cannot be read. */
const mostBars = 40;

/** Words that a line of a mermaid chart can start with; a label that starts with one gets its stage in front. */
const keywords = /^(?:section|title|dateFormat|axisFormat|tickInterval|todayMarker|excludes|includes|weekday|weekend|click|gantt|topAxis|inclusiveEndDates|accTitle|accDescr|done|active|crit|milestone)\b/i;

/**
 * The stages as a mermaid gantt chart, which GitHub draws; empty where there is nothing to compare. A failed part is named as in
 * the cause: the first pods of a rollout, for example, fail in the stage `smoke`.
 */
export function gantt({ timeline, failure }: Pick<Outcome, 'timeline' | 'failure'>): string {
  const spans = timeline.slice(0, mostBars);
  if (spans.length < 2) return '';
  const longest = Math.max(...spans.map(({ endMs }) => wholeMs(endMs)));
  const unit = unitOf(longest);
  const bars = spans.map((span) => bar(span, unit, span.result === 'failed' ? failure?.stage : undefined));
  // On a short axis mermaid would put several lines between two units, each with the same label.
  const ticks = longest < 16 * unit.ms ? ['  tickInterval 1second'] : [];
  return ['```mermaid', 'gantt', '  dateFormat x', `  axisFormat %s ${unit.name}`, ...ticks, ...bars, '```'].join('\n');
}

interface Unit {
  readonly name: string;
  readonly ms: number;
}

/**
 * The unit of the axis. Mermaid knows dates and no durations: a bar is drawn where so many seconds since 1970 stand for so
 * many units, as seconds are the same in every time zone.
 */
const unitOf = (wholeMs: number): Unit =>
  (wholeMs < 2000 ? { name: 'ms', ms: 1 } : wholeMs < 600_000 ? { name: 's', ms: 1000 } : wholeMs < 36_000_000 ? { name: 'min', ms: 60_000 } : { name: 'h', ms: 3_600_000 });

function bar(span: Span, unit: Unit, failedIn: StageName | undefined): string {
  const start = wholeMs(span.startMs);
  // A bar without length is not drawn, and one that ends before it starts is an error.
  const end = Math.max(wholeMs(span.endMs), start + 1);
  const tag = span.result === 'failed' ? 'crit, ' : '';
  const at = (ms: number): number => Math.round((ms / unit.ms) * 1000);
  const name = nameOf(span, failedIn);
  return `  ${name}(${duration(wholeMs(span.endMs - span.startMs))}) :${tag}${at(start)}, ${Math.max(at(end), at(start) + 1)}`;
}

function nameOf({ stage, label }: Span, failedIn: StageName | undefined): string {
  const safe = safeLabel(failedIn === undefined || failedIn === stage ? label : `${label}, ${failedIn}`);
  return safe === '' || keywords.test(safe) ? `${stage} ${safe}` : safe;
}

const wholeMs = (ms: number): number => (Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : 0);

const special = unicode('[^\\p{L}\\p{N} ,._/+-]', 'gu');

/** Letters, digits and a few signs; the rest (colons, semicolons, hashes, `%%`) means something to mermaid. */
function safeLabel(text: string): string {
  const plain = plainLine(text.replace(/[\r\n]+/g, ' '));
  const safe = plain.replace(isPrintableAscii(plain) ? /[^\w ,./+-]/g : special(), ' ').replace(/\s+/g, ' ').trim();
  return safe === '' ? '' : `${[...safe].slice(0, longestLabel).join('')} `;
}
