import { causes } from '../outcome/causes.js';
import { nothingFound, type Checked } from '../outcome/finding.js';
import { closedBy, closedReason } from './calendar.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../ports/clock.js';

/** Whether `freeze` and `windows` allow a run now: a problem if not, or a warning if `freeze-override` is set. */
export function closedNow({ freeze, windows, freezeOverride }: Pick<Config, 'freeze' | 'windows' | 'freezeOverride'>, clock: Clock): Checked {
  const now = clock.now();
  const reason = closedReason(now, freeze, windows);
  if (reason === undefined) return nothingFound;
  if (freezeOverride === undefined) return { problems: [{ cause: 'frozen', message: `No deployment is allowed now: ${reason}.`, hint: causes.frozen.hint }], warnings: [] };
  // The sentence does not change while the freeze lasts: a run checks twice and reports it once.
  return { problems: [], warnings: [`The run continues although it is ${closedBy(now, freeze, windows)}: ${freezeOverride}`] };
}
