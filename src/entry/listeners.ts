import type { Follower, Listener } from '../outcome/events.js';
import type { Run } from '../workflow/run.js';
import type { Ports } from '../ports/ports.js';
import { stageLine } from '../report/stage-line.js';
import { deploymentFollower } from './github-deployment.js';
import { metricsFollower } from './metrics.js';
import { notificationsFollower } from './notifications.js';

/** Who follows every run, beside the run itself. @param hear how the log does it; unless given, it has a line for each stage */
export const listenersOf = ({ log }: Pick<Ports, 'log'>, hear: Listener['hear'] = linesOf(log)): readonly Listener[] => [{ name: 'The log', hear }];

function linesOf(log: Ports['log']): Listener['hear'] {
  return (event) => {
    const line = stageLine(event);
    if (line !== undefined) log.info(line);
  };
}

/** What the main step has kept for the listeners of its post step, by the names of `kept`. */
export interface LeftToListeners {
  readonly deployment: string;
}

/**
 * Who follows this run because its settings ask for it. Each is loaded at the first event, so a run without them does not pay
 * for them, and a run with them does not wait.
 * @param left only in a post step
 */
export const followersOf = (run: Run, left?: LeftToListeners): readonly Follower[] =>
  [deploymentFollower(run, left?.deployment), notificationsFollower(run), metricsFollower(run)].filter((follower) => follower !== undefined);
