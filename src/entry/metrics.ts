import type { Follower } from '../outcome/events.js';
import type { Run } from '../workflow/run.js';

/** Pushes the figures of the run. They are of what was done, so a dry run has none. */
export function metricsFollower({ action, config, ports }: Run): Follower | undefined {
  const { pushgateway } = config;
  const deploys = action === 'rollback' || config.workloads.length > 0 || config.command !== undefined;
  return config.dryRun || pushgateway === undefined ? undefined : {
    name: 'The push of metrics',
    load: async () => (await import('../telemetry/pushgateway/push.js')).pushListener(ports, pushgateway, { action, deploys }),
  };
}
