import type { Follower, Listener } from '../outcome/events.js';
import type { Run } from '../workflow/run.js';
import type { Ports } from '../ports/ports.js';
import { stageLine } from '../report/stage-line.js';

/** Who follows every run, beside the run itself. */
export const listenersOf = ({ log }: Pick<Ports, 'log'>): readonly Listener[] => [{
  name: 'The log',
  hear: (event) => {
    const line = stageLine(event);
    if (line !== undefined) log.info(line);
  },
}];

/**
 * Who follows this run because its settings ask for it. Each is loaded at the first event, so a run without them does not pay
 * for them, and a run with them does not wait.
 */
export const followersOf = (_: Run): readonly Follower[] => [];
