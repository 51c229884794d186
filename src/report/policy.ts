import type { PolicyFinding } from '../outcome/policy.js';
import { code, prose } from './markdown.js';

/** More than this are counted: the report has all of them. */
const shownAtMost = 100;

const signs: Readonly<Record<PolicyFinding['level'], string>> = { deny: '❌', warn: '⚠️', allowed: '✓' };

/** Findings of policy rules as a section, one on a line, and notes about what was not checked; empty without any. */
export function policyMarkdown(findings: readonly PolicyFinding[], notes: readonly string[] = []): string {
  if (findings.length === 0 && notes.length === 0) return '';
  const more = findings.length - shownAtMost;
  return `**Policy**\n\n${[...findings.slice(0, shownAtMost).map(line), ...more > 0 ? [`- And ${more} more.`] : [], ...notes.map((note) => `- ${prose(note)}`)].join('\n')}`;
}

function line({ rule, level, message, path, place, fix, exception }: PolicyFinding): string {
  const where = place ? ` (${code(`${place.file}:${place.line}`)})` : path === undefined ? '' : ` (${code(path)})`;
  const what = exception ? `Allowed until ${exception.until}: ${exception.reason}` : fix;
  return `- ${signs[level]} ${code(rule)}: ${prose(message)}${where} ${prose(what)}`;
}
