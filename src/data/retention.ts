import type { CalendarSpan, Retention } from '../config/values/retention.js';

/*
 * Which backups of one database stay, and why. The rules mean what they mean in restic
 * (https://restic.readthedocs.io/en/stable/060_forget.html), in UTC; the limits on what is removed are ours.
 */

/** A backup whose manifest can be read. */
export interface Candidate {
  readonly name: string;
  /** ms since 1970. */
  readonly at: number;
  readonly isVerified: boolean;
}

interface Decision {
  readonly name: string;
  readonly stays: boolean;
  /** At least one: `last 2 of 5`, `newest of the week (weekly 3 of 5)`; of one that goes, why each rule does not keep it. */
  readonly reasons: readonly string[];
}

export interface RetentionPlan {
  /** Newest first. */
  readonly decisions: readonly Decision[];
  /** Why nothing is removed all the same, as a sentence; undefined if what does not stay can go. */
  readonly refusal?: string;
}

export interface RetentionLimits {
  /** ms since 1970. */
  readonly now: number;
  /** The user has said that it is meant, if more than half of all backups would go. */
  readonly mayRemoveMost?: boolean;
}

/** So many verified backups always stay: the newest ones. */
const leastVerified = 3;

/** Decides about all backups of one database, in any order. Without a retention all of them stay. */
export function planRetention(backups: readonly Candidate[], retention: Retention | undefined, { now, mayRemoveMost = false }: RetentionLimits): RetentionPlan {
  const newestFirst = [...backups].sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  if (retention === undefined) return { decisions: newestFirst.map(({ name }) => ({ name, stays: true, reasons: ['no retention is set'] })) };
  const past = newestFirst.filter(({ at }) => at <= now);
  const protectedNames = new Map(past.filter(({ isVerified }) => isVerified).slice(0, leastVerified).map(({ name }, index) => [name, `verified ${index + 1} of ${leastVerified} that always stay`]));
  const ruled = new Map(applyRules(past, retention).map((decision) => [decision.name, decision]));
  const decisions = newestFirst.map(({ name, at }): Decision => {
    if (at > now) return { name, stays: true, reasons: ['its time is in the future'] };
    const decision = ruled.get(name) ?? { name, stays: true, reasons: [] };
    const protection = protectedNames.get(name);
    return decision.stays || protection === undefined ? decision : { name, stays: true, reasons: [protection] };
  });
  const refusal = refusalOf(past, decisions, mayRemoveMost);
  return { decisions, ...refusal === undefined ? {} : { refusal } };
}

function refusalOf([newest]: readonly Candidate[], decisions: readonly Decision[], mayRemoveMost: boolean): string | undefined {
  const going = decisions.filter(({ stays }) => !stays).length;
  if (going === 0) return undefined;
  if (newest && !newest.isVerified) return `The newest backup, ${newest.name}, is not verified, so older ones are not removed.`;
  if (going * 2 <= decisions.length || mayRemoveMost) return undefined;
  return `The retention would remove ${going} of ${decisions.length} backups, which is more than half.`;
}

interface Rule {
  readonly name: keyof Retention & string;
  readonly count: number;
  /** What it counts: `day`. */
  readonly unit: string;
  /** The same for all backups of one unit. */
  readonly unitOf: (at: number, index: number) => string;
  used: number;
  last?: string;
}

const iso = (at: number): string => new Date(at).toISOString();

/** The Monday of the week of ISO 8601. */
function monday(at: number): string {
  const day = new Date(at);
  return iso(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() - (day.getUTCDay() + 6) % 7)).slice(0, 10);
}

function rulesOf({ last, hourly, daily, weekly, monthly, yearly }: Retention): readonly Rule[] {
  const rule = (name: Rule['name'], count: number | undefined, unit: string, unitOf: Rule['unitOf']): readonly Rule[] =>
    (count === undefined ? [] : [{ name, count, unit, unitOf, used: 0 }]);
  return [
    ...rule('last', last, '', (_, index) => String(index)), ...rule('hourly', hourly, 'hour', (at) => iso(at).slice(0, 13)), ...rule('daily', daily, 'day', (at) => iso(at).slice(0, 10)),
    ...rule('weekly', weekly, 'week', monday), ...rule('monthly', monthly, 'month', (at) => iso(at).slice(0, 7)), ...rule('yearly', yearly, 'year', (at) => iso(at).slice(0, 4)),
  ];
}

/** @param backups newest first */
function applyRules(backups: readonly Candidate[], retention: Retention): readonly Decision[] {
  const rules = rulesOf(retention);
  const since = retention.within && backups[0] ? before(backups[0].at, retention.within) : Infinity;
  return backups.map(({ name, at }, index) => {
    const isOldest = index === backups.length - 1;
    const keeping = rules.flatMap((rule) => kept(rule, at, index, isOldest) ?? []);
    const all = [...at > since ? [`within ${retention.within?.text} of the newest`] : [], ...keeping];
    if (all.length > 0) return { name, stays: true, reasons: all };
    const span = retention.within ? [`more than ${retention.within.text} older than the newest`] : [];
    return { name, stays: false, reasons: [...span, ...rules.map((rule) => passedOver(rule, at, index))] };
  });
}

/** Why a rule keeps a backup; undefined if it does not. Counts it. */
function kept(rule: Rule, at: number, index: number, isOldest: boolean): string | undefined {
  if (rule.used >= rule.count) return undefined;
  const unit = rule.unitOf(at, index);
  const isFirst = unit !== rule.last;
  // As long as a rule has not found as many as it wants, the history is as long as it can be.
  if (!isFirst && !isOldest) return undefined;
  rule.last = unit;
  rule.used += 1;
  if (rule.unit === '') return `last ${rule.used} of ${rule.count}`;
  return `${isFirst ? `newest of the ${rule.unit}` : 'oldest of all'} (${rule.name} ${rule.used} of ${rule.count})`;
}

/** Why a rule did not keep a backup. */
function passedOver(rule: Rule, at: number, index: number): string {
  if (rule.unit === '') return `not one of the last ${rule.count}`;
  return rule.unitOf(at, index) === rule.last ? `a newer one of its ${rule.unit} stays` : `older than the last ${rule.count} ${rule.unit}s with a backup`;
}

/** A time before another one by the calendar, ms since 1970. */
function before(at: number, { years, months, days, hours }: CalendarSpan): number {
  const day = new Date(at);
  const midnight = Date.UTC(day.getUTCFullYear() - years, day.getUTCMonth() - months, day.getUTCDate() - days);
  return midnight + at % 86_400_000 - hours * 3_600_000;
}
