import type { SmokeCheck } from '../../config/config.js';
import { parseStatus } from './server.js';

/** What one request came to. */
export type Answer =
  | { readonly kind: 'right' }
  /** Something answered, and not what was asked for. */
  | { readonly kind: 'wrong'; readonly seen: string }
  /** Nothing answered: refused, cut, timed out, no endpoint. */
  | { readonly kind: 'silent'; readonly seen: string };

/** What an HTTP answer means for a check. */
export function readAnswer(check: SmokeCheck, status: number, body: string): Answer {
  const silent = silence(status, body);
  if (silent) return { kind: 'silent', seen: silent };
  if (!check.statuses.includes(status)) return { kind: 'wrong', seen: `status ${status} instead of ${check.statuses.join(' or ')}${quote(body)}` };
  if (check.contains !== undefined && !body.includes(check.contains)) return { kind: 'wrong', seen: `status ${status} without "${check.contains}"${quote(body)}` };
  return { kind: 'right' };
}

const quote = (body: string): string => (body.trim() === '' ? ', with an empty body' : `: ${body.replace(/\s+/g, ' ').trim().slice(0, 160)}`);

/**
 * The API server answers with a Status object when it could not reach the pod, when the pod has no address yet, or is
 * gone: that is no answer of the app. https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/strategy.go
 */
function silence(status: number, body: string): string | undefined {
  const said = [400, 404, 502, 503, 504].includes(status) ? parseStatus(body) : undefined;
  if (status === 400) return said?.message === 'address not allowed' ? 'the pod has no address' : undefined;
  if (status === 404) return said?.reason === 'NotFound' && said.details?.kind === 'pods' ? said.message : undefined;
  return said?.message;
}

export interface Rules {
  /** Right answers in a row that prove it. */
  readonly needed: number;
  /** The same once an answer was wrong, as what fails now and then would pass a short look; `needed` unless given. */
  readonly neededAfterWrong?: number;
  /** Wrong answers that disprove it, once `graceMs` have passed: so many in a row, or in all since the first right one. */
  readonly wrong: number;
  /** For that long a wrong answer may be one that was cached or still on its way. */
  readonly graceMs: number;
  /** After that long without a proof it has failed. */
  readonly limitMs: number;
}

export type Assessment = { readonly state: 'ask'; readonly inMs: number } | { readonly state: 'passed' } | { readonly state: 'failed'; readonly seen: string };

/** What the answers so far come to, `elapsedMs` after the first was asked for. */
export function assess(answers: readonly Answer[], elapsedMs: number, rules: Rules): Assessment {
  const { needed, neededAfterWrong = needed } = rules;
  const isWrong = ({ kind }: Answer): boolean => kind === 'wrong';
  if (trailing(answers, 'right') >= (answers.some(isWrong) ? neededAfterWrong : needed)) return { state: 'passed' };
  const last = answers.at(-1);
  const seen = last === undefined || last.kind === 'right' ? 'right and wrong answers in turn' : last.seen;
  const timesWrong = Math.max(trailing(answers, 'wrong'), relapses(answers));
  if (last?.kind === 'wrong' && timesWrong >= rules.wrong && elapsedMs >= rules.graceMs) return { state: 'failed', seen: relapses(answers) > 0 ? `${seen}, after right answers` : seen };
  if (elapsedMs >= rules.limitMs) return { state: 'failed', seen };
  return { state: 'ask', inMs: last?.kind === 'right' ? 100 : 300 };
}

/** A start may be rough. What answers wrongly when it has answered rightly before is not starting any more. */
function relapses(answers: readonly Answer[]): number {
  const started = answers.findIndex(({ kind }) => kind === 'right');
  return started === -1 ? 0 : answers.slice(started).filter(({ kind }) => kind === 'wrong').length;
}

function trailing(answers: readonly Answer[], kind: Answer['kind']): number {
  const other = [...answers].reverse().findIndex((answer) => answer.kind !== kind);
  return other === -1 ? answers.length : other;
}
