import { refusal, type Answer } from './call.js';

/** What happens to a request instead of an answer, or before it. */
export type Fault =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** It is carried out, and the connection ends without an answer. */
  | { readonly kind: 'lost' }
  /** The connection ends at once. */
  | { readonly kind: 'reset' }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly ms: number };

export interface Planned {
  readonly fault: Fault;
  /** Only requests whose method and path match this: `/^POST .*\/deployments$/`; all unless given. */
  readonly on?: RegExp;
  /** So many of them are spared at first; none unless given. */
  readonly skip?: number;
  /** How many of them; all unless given. */
  readonly times?: number;
}

/** `x-ratelimit-reset` and `date` count in whole seconds. */
const seconds = (ms: number): number => Math.floor(ms / 1000);

/** Answers of GitHub that are no success, as it gives them. */
export const faults = {
  /** Of a token whose job lacks a permission. */
  denied: (needs = 'deployments=write'): Fault =>
    ({ kind: 'answer', answer: refusal(403, 'Resource not accessible by integration', { 'x-accepted-github-permissions': needs }) }),
  badCredentials: (): Fault => ({ kind: 'answer', answer: refusal(401, 'Bad credentials') }),
  notFound: (): Fault => ({ kind: 'answer', answer: refusal(404, 'Not Found') }),
  /** A classic token that lacks a scope is told that there is nothing. */
  lacksScope: (own: string, accepted: string): Fault =>
    ({ kind: 'answer', answer: refusal(404, 'Not Found', { 'x-oauth-scopes': own, 'x-accepted-oauth-scopes': accepted }) }),
  invalid: (message: string, errors?: unknown): Fault => ({ kind: 'answer', answer: refusal(422, message, {}, errors) }),
  secondaryLimit: (retryAfter: number | undefined, status: 403 | 429 = 403): Fault => ({
    kind: 'answer',
    answer: refusal(status, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.', retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  }),
  primaryLimit: (resetInSeconds: number): Fault => ({
    kind: 'answer',
    answer: refusal(403, 'API rate limit exceeded for installation.', { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(seconds(Date.now()) + resetInSeconds) }),
  }),
  unavailable: (status = 502): Fault => ({ kind: 'answer', answer: refusal(status, 'Server Error') }),
  /** A page of something between. */
  html: (status = 200): Fault => ({ kind: 'answer', answer: { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<!DOCTYPE html><html><title>Sign in</title>\u001b[31m<!-- hidden --></html>' } }),
  lost: (): Fault => ({ kind: 'lost' }),
  reset: (): Fault => ({ kind: 'reset' }),
  hang: (): Fault => ({ kind: 'hang' }),
  slow: (ms: number): Fault => ({ kind: 'slow', ms }),
} as const;

/** What is planned, and how often it has happened. */
export class Plan {
  private readonly planned: { readonly plan: Planned; spared: number; left: number }[] = [];

  add(...plans: readonly Planned[]): void {
    this.planned.push(...plans.map((plan) => ({ plan, spared: plan.skip ?? 0, left: plan.times ?? Infinity })));
  }

  clear(): void {
    this.planned.length = 0;
  }

  /** The faults of the next request: those that are slow, and the first one of another kind. */
  take(method: string, path: string): readonly Fault[] {
    const meant = this.planned.filter(({ plan, left }) => left > 0 && (plan.on?.test(`${method} ${path}`) ?? true));
    const due = meant.filter(({ spared }) => spared === 0);
    for (const each of meant) each.spared = Math.max(0, each.spared - 1);
    const other = due.find(({ plan }) => plan.fault.kind !== 'slow');
    const taken = due.filter((each) => each.plan.fault.kind === 'slow' || each === other);
    for (const each of taken) each.left -= 1;
    return taken.map(({ plan }) => plan.fault);
  }
}
