import type { SmokeCheck } from '../../config/config.js';
import type { HttpTrouble } from '../../ports/http.js';
import { searchLimit, type Body } from './body.js';
import { parseStatus } from './server.js';

/** The result of one request. */
export type Answer =
  | { readonly kind: 'right' }
  /** The answer fails the check. `lacks`: its status is right, but the text is missing. */
  | { readonly kind: 'wrong'; readonly seen: string; readonly lacks?: 'text'; readonly status?: number }
  /** Nothing answered: refused, cut, timed out, no endpoint. */
  | { readonly kind: 'silent'; readonly seen: string; readonly trouble?: HttpTrouble };

/** An HTTP answer as far as a check looks at it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  /** What the answer came through and may have changed it: `through the proxy proxy.corp:3128`. */
  readonly through?: string;
}

/** Whether an HTTP answer passes a check. */
export function readAnswer(check: SmokeCheck, { status, headers, body, through }: Reply): Answer {
  const silent = silence(status, body.beginning);
  if (silent) return { kind: 'silent', seen: silent };
  const end = `${quote(body.beginning)}${through === undefined ? '' : ` (${through})`}`;
  if (!check.statuses.includes(status)) return { kind: 'wrong', status, seen: `status ${status} instead of ${check.statuses.join(' or ')}${redirect(status, headers['location'])}${end}` };
  if (check.contains === undefined || body.found) return { kind: 'right' };
  return { kind: 'wrong', status, lacks: 'text', seen: `status ${status} ${lacking(check.contains, body)}${end}` };
}

/** A text is only called missing if the whole body was searched. */
function lacking(text: string, { whole, unreadable }: Body): string {
  if (unreadable !== undefined) return `with a body that could not be searched for "${text}": ${unreadable}`;
  return whole ? `without "${text}"` : `without "${text}" in the first ${searchLimit / 1024 / 1024} MiB of its body (the rest is not searched)`;
}

/** The target of a redirect, without its query, which may contain a token. */
function redirect(status: number, location: string | undefined): string {
  if (status < 300 || status > 399 || !location) return '';
  return `, a redirect to ${(location.split(/[?#]/)[0] ?? '').slice(0, 160)} (redirects are not followed)`;
}

const quote = (body: string): string => (body.trim() === '' ? ', with an empty body' : `: ${body.replace(/\s+/g, ' ').trim().slice(0, 160)}`);

/**
 * The API server answers with a Status object when it could not reach the pod, or when the pod has no address yet or does
 * not exist any more. That is no answer of the app.
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/strategy.go
 */
function silence(status: number, body: string): string | undefined {
  const said = [400, 404, 502, 503, 504].includes(status) ? parseStatus(body) : undefined;
  if (status === 400) return said?.message === 'address not allowed' ? 'the pod has no address' : undefined;
  if (status === 404) return said?.reason === 'NotFound' && said.details?.kind === 'pods' ? said.message : undefined;
  return said?.message;
}

export interface Rules {
  /** So many right answers in a row pass the check. */
  readonly needed: number;
  /** The same after a wrong answer: an app that fails now and then could pass with fewer. `needed` unless given. */
  readonly neededAfterWrong?: number;
  /** So many wrong answers fail the check after `graceMs`: in a row, or in total since the first right one. */
  readonly wrong: number;
  /** For so long a wrong answer may come from a cache or from the previous version. */
  readonly graceMs: number;
  /** After so long the check fails if it has not passed. */
  readonly limitMs: number;
}

export type Assessment = { readonly state: 'ask'; readonly inMs: number } | { readonly state: 'passed' } | { readonly state: 'failed'; readonly seen: string; readonly lacks?: 'text' };

/** Whether the answers so far pass or fail the check, `elapsedMs` after the first request. */
export function assess(answers: readonly Answer[], elapsedMs: number, rules: Rules): Assessment {
  const { needed, neededAfterWrong = needed } = rules;
  const isWrong = ({ kind }: Answer): boolean => kind === 'wrong';
  if (trailing(answers, 'right') >= (answers.some(isWrong) ? neededAfterWrong : needed)) return { state: 'passed' };
  const last = answers.at(-1);
  const seen = last === undefined || last.kind === 'right' ? 'alternating right and wrong answers' : last.seen;
  const lacks = last?.kind === 'wrong' ? last.lacks : undefined;
  const timesWrong = Math.max(trailing(answers, 'wrong'), relapses(answers));
  if (last?.kind === 'wrong' && timesWrong >= rules.wrong && elapsedMs >= rules.graceMs) return { state: 'failed', seen: relapses(answers) > 0 ? `${seen}, after answers that passed` : seen, lacks };
  if (elapsedMs >= rules.limitMs) return { state: 'failed', seen, lacks };
  return { state: 'ask', inMs: last?.kind === 'right' ? 100 : 300 };
}

/** Wrong answers after the first right one: the app has started by then, so they are no trouble of the start. */
function relapses(answers: readonly Answer[]): number {
  const started = answers.findIndex(({ kind }) => kind === 'right');
  return started === -1 ? 0 : answers.slice(started).filter(({ kind }) => kind === 'wrong').length;
}

function trailing(answers: readonly Answer[], kind: Answer['kind']): number {
  const other = [...answers].reverse().findIndex((answer) => answer.kind !== kind);
  return other === -1 ? answers.length : other;
}
