import type { Listener } from '../outcome/events.js';
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
