import type { Span } from '../outcome/outcome.js';
import { isPrintableAscii, plainLine } from '../outcome/plain.js';
import { unicode } from '../outcome/unicode.js';
import { duration } from './format.js';

const longestLabel = 48;
/** More bars than this cannot be read. */
const mostBars = 40;

/**
 * The stages as a mermaid gantt chart, which GitHub draws; empty when there are none. The axis counts seconds from the
 * start: as seconds since 1970 they are the same in every time zone.
 */
export function gantt(timeline: readonly Span[]): string {
  if (timeline.length === 0) return '';
  const bars = timeline.slice(0, mostBars).map(bar);
  return ['```mermaid', 'gantt', '  dateFormat x', '  axisFormat %s s', ...bars, '```'].join('\n');
}

function bar(span: Span): string {
  const start = wholeMs(span.startMs);
  // A bar without length is not drawn, and one that ends before it starts is an error.
  const end = Math.max(wholeMs(span.endMs), start + 1);
  const tag = { ok: '', failed: 'crit, ', skipped: 'done, ' }[span.result];
  // The stage comes first, so no label can start with a keyword of mermaid.
  return `  ${span.stage} ${label(span.label)}(${duration(wholeMs(span.endMs - span.startMs))}) :${tag}${start}, ${end}`;
}

const wholeMs = (ms: number): number => (Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : 0);

const special = unicode('[^\\p{L}\\p{N} ._/+-]', 'gu');

/** Letters, digits and a few signs; the rest (colons, semicolons, hashes, `%%`) means something to mermaid. */
function label(text: string): string {
  const plain = plainLine(text.replace(/[\r\n]+/g, ' '));
  const safe = plain.replace(isPrintableAscii(plain) ? /[^\w ./+-]/g : special(), ' ').replace(/\s+/g, ' ').trim();
  return safe === '' ? '' : `${[...safe].slice(0, longestLabel).join('')} `;
}
