import type { Follower } from '../outcome/events.js';
import type { Run } from '../workflow/run.js';

/** The listener that notifies people and programs of the end of a run; undefined where the settings name none, and in a dry run. */
export function notificationsFollower({ action, config, facts: { repository }, id, ports }: Run): Follower | undefined {
  if (config.notify.length === 0 || config.dryRun) return undefined;
  const deploys = action === 'rollback' || config.workloads.length > 0 || config.command !== undefined;
  return {
    name: 'Notifications',
    load: async () => {
      const { createNotifier } = await import('../notify/listener.js');
      return createNotifier({ ports, id, repository, deploys, targets: config.notify, namespace: config.cluster.namespace });
    },
  };
}
