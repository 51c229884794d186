import type { PolicyException } from '../config/values/exceptions.js';
import type { PolicyRuleName } from '../config/values/policy-rules.js';
import type { PolicyFinding } from '../outcome/policy.js';
import type { Found } from './rule.js';

/** An exception is reported from so many days before its end. */
const soonDays = 14;
const dayMs = 24 * 3600_000;

/** ms since 1970 from which it no longer applies: it applies on its last day, in UTC. */
export const endOf = ({ until }: Pick<PolicyException, 'until'>): number => Date.parse(`${until}T00:00:00Z`) + dayMs;

/** Whether an exception is about a finding. */
export const matches = ({ rule, subject, item }: PolicyException, finding: Pick<PolicyFinding, 'rule' | 'subject' | 'container' | 'item'>): boolean =>
  rule === finding.rule && (item === undefined || item === finding.item)
  && [finding.subject, ...finding.container === undefined ? [] : [`${finding.subject}:${finding.container}`]].some((name) => isLike(name, subject));

/** Whether a name is that of a pattern in which `*` is any text. In time that grows with both lengths alone. */
export function isLike(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let from = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, from);
    if (found < 0) return false;
    from = found + piece.length;
  }
  return from <= name.length - last.length;
}

/** The finding as it is allowed by an exception that applies now; otherwise as it is. */
export function excepted(finding: PolicyFinding, exceptions: readonly PolicyException[], now: number): PolicyFinding {
  const applies = exceptions.filter((each) => matches(each, finding) && now < endOf(each)).sort((a, b) => endOf(b) - endOf(a))[0];
  return applies ? { ...finding, level: 'allowed', exception: { reason: applies.reason, until: applies.until } } : finding;
}

/**
 * What is to be said of the exceptions themselves.
 * @param findings of all other rules, before exceptions
 * @param complete the rules that have seen everything: an exception of another rule may match something that was not seen
 */
export function checkExceptions(
  exceptions: readonly PolicyException[], findings: readonly PolicyFinding[], complete: ReadonlySet<PolicyRuleName>, now: number,
): Found[] {
  return exceptions.flatMap((exception): Found[] => {
    const { rule, subject, item, reason, until, at } = exception;
    const name = `The exception for ${rule} of ${subject}${item === undefined ? '' : ` (${item})`}`;
    const place = at.file === undefined || at.line === undefined ? {} : { place: { file: at.file, line: at.line } };
    const about = { subject: `exception for ${subject}`, item: rule, ...place };
    const leftMs = endOf(exception) - now;
    const isUsed = findings.some((finding) => matches(exception, finding));
    if (!isUsed && complete.has(rule)) return [{ ...about, isUncertain: true, message: `${name} matches nothing${leftMs <= 0 ? `, and expired on ${until}` : ''}.`, fix: 'Correct it, or remove it from `policy.allow`.' }];
    if (!isUsed) return [];
    if (leftMs <= 0) return [{ ...about, message: `${name} expired on ${until}: ${reason}`, fix }];
    if (leftMs > soonDays * dayMs) return [];
    const days = Math.floor(leftMs / dayMs);
    return [{ ...about, isUncertain: true, message: `${name} ends after ${until}, ${days === 0 ? 'today' : `in ${days} ${days === 1 ? 'day' : 'days'}`}: ${reason}`, fix }];
  });
}

const fix = 'Fix the finding, or extend the exception in `policy.allow` after a review.';
