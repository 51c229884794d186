import type { Checked, Finding } from '../outcome/finding.js';
import type { PolicyFinding, PolicyReport } from '../outcome/policy.js';

/** More findings of one rule than this are counted and not listed in a warning. The report has all of them. */
const shownAtMost = 5;

/** What the findings mean for a run: denied ones are problems, each for itself; warnings are joined by rule. */
export function checkedOf({ findings, notes }: PolicyReport): Checked {
  const groups = new Map<string, PolicyFinding[]>();
  for (const finding of findings.filter(({ level }) => level === 'warn')) {
    const key = JSON.stringify([finding.rule, finding.fix]);
    groups.set(key, [...groups.get(key) ?? [], finding]);
  }
  return { problems: findings.filter(({ level }) => level === 'deny').map(problemOf), warnings: [...[...groups.values()].map(warningOf), ...notes] };
}

function problemOf(finding: PolicyFinding): Finding {
  const { rule, fix, output, place } = finding;
  return {
    cause: 'policy-denied', message: `Policy \`${rule}\`: ${withPlace(finding)}`, hint: fix, ...place && { place },
    ...output !== undefined && { attachment: { title: `last lines of \`${finding.subject}\``, text: output, isPrinted: true as const } },
  };
}

function warningOf(findings: readonly PolicyFinding[]): string {
  const [{ rule = '', fix = '' } = {}] = findings;
  const more = findings.length - shownAtMost;
  return [`Policy \`${rule}\`:`, ...findings.slice(0, shownAtMost).map(withPlace), ...more > 0 ? [`And ${more} more.`] : [], fix].join(' ');
}

/** The sentence with its place, which is where to look: the line of a file, or the path in an object. */
function withPlace({ message, path, place }: PolicyFinding): string {
  const where = place ? `${place.file}:${place.line}` : path;
  const text = /[.!?]$/.test(message) ? message : `${message}.`;
  return where === undefined ? text : `${text.slice(0, -1)} (${where})${text.slice(-1)}`;
}
