import type { Config } from '../../src/config/config.js';
import { policyOf } from '../../src/config/sections/policy.js';
import type { Run } from '../../src/workflow/run.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { handClock } from '../kubernetes/client/hand-clock.js';

/** The settings of a run that does nothing. */
export const config = (changes: Partial<Config> = {}): Config => ({
  app: 'api', dryRun: false, cluster: {}, workloads: [], timeoutMs: 600_000, smoke: [], rollback: 'auto', proveFirst: true, advice: true,
  lockTimeoutMs: 600_000, freeze: [], windows: [], notify: [], databases: [], policy: policyOf({}, '.', []), ...changes,
});

/** A run that began 1500 ms ago. */
export const run = (changes: Partial<Config> = {}): Run => ({
  action: 'deploy', ports: fakePorts({ clock: handClock(2500) }), config: config(changes),
  facts: { commit: 'c0ffee', runUrl: 'https://github.example/runs/1', actor: 'octocat' },
  id: 'run-1', folder: '/private', startedAt: 1000, startedAtWall: Date.UTC(2026, 0, 1), hasPost: true, keep: async () => undefined, announce: () => undefined,
});
