import type { Follower } from '../outcome/events.js';
import { deploys, type Run } from '../workflow/run.js';

/** The listener that notifies people and programs of the end of a run; undefined where the settings name none, and in a dry run. */
export function notificationsFollower(run: Run): Follower | undefined {
  const { config, facts: { repository }, id, ports } = run;
  if (config.notify.length === 0 || config.dryRun) return undefined;
  return {
    name: 'Notifications',
    load: async () => {
      const { createNotifier } = await import('../notify/listener.js');
      return createNotifier({ ports, id, repository, deploys: deploys(run), targets: config.notify, namespace: config.cluster.namespace });
    },
  };
}
