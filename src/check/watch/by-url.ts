import type { SmokeCheck, WatchConfig } from '../../config/config.js';
import type { WatchReport } from '../../outcome/watch.js';
import type { Ports } from '../../ports/ports.js';
import { outside } from '../smoke/by-url.js';
import { healthGuard } from './health.js';
import { watchGuards } from './watch.js';

/** Watches a target without a cluster: its smoke checks by URL, and nothing else. @throws RolloutError guard-breached; what `signal` aborts with */
export const watchUrls = (ports: Ports, checks: readonly SmokeCheck[], watch: WatchConfig, signal: AbortSignal): Promise<WatchReport> =>
  watchGuards(ports, checks.length === 0 ? [] : [healthGuard(ports, outside, checks, watch.health.failures)], watch, signal);
