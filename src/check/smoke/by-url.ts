import type { SmokeCheck } from '../../config/config.js';
import type { Checked } from '../../outcome/finding.js';
import type { Ports } from '../../ports/ports.js';
import { checksBefore, type Before } from './before.js';
import { checkSmoke } from './preflight.js';
import { smoke, type PassedCheck, type SmokeTarget } from './smoke.js';

/* Smoke checks of a target without a cluster: requests from this runner to the URL. */

export const outside: SmokeTarget = { namespace: '', services: [], podsBehind: () => [], isServed: () => false, news: () => Promise.resolve() };

/** What is wrong with the checks themselves, whatever is released. */
export const checkUrls = (ports: Ports, checks: readonly SmokeCheck[]): Promise<Checked> =>
  checkSmoke({ ports, cluster: outside, services: [], present: [] }, checks);

/** Which of them the current version passes. */
export const urlsBefore = (ports: Ports, checks: readonly SmokeCheck[]): Promise<Before> => checksBefore(ports, outside, [], checks);

/** @throws RolloutError smoke-failed; what `signal` aborts with */
export const smokeUrls = (ports: Ports, failedBefore: Before['failed'], checks: readonly SmokeCheck[], signal: AbortSignal | undefined): Promise<readonly PassedCheck[]> =>
  smoke(ports, { ...outside, failedBefore }, checks, signal);
