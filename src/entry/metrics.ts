import type { Follower } from '../outcome/events.js';
import { deploys, type Run } from '../workflow/run.js';

/** Pushes the figures of the run. They are of what was done, so a dry run has none. */
export function metricsFollower(run: Run): Follower | undefined {
  const { action, config: { dryRun, pushgateway }, ports } = run;
  return dryRun || pushgateway === undefined ? undefined : {
    name: 'The push of metrics',
    load: async () => (await import('../telemetry/pushgateway/push.js')).pushListener(ports, pushgateway, { action, deploys: deploys(run) }),
  };
}
