import { causes } from '../outcome/causes.js';
import { nothingFound, type Checked } from '../outcome/finding.js';
import { closedBy, closedReason } from './calendar.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../ports/clock.js';

/** What `freeze` and `windows` say to a run at this moment: a problem, or, where somebody said why they do not count, a warning. */
export function closedNow({ freeze, windows, freezeOverride }: Pick<Config, 'freeze' | 'windows' | 'freezeOverride'>, clock: Clock): Checked {
  const now = clock.now();
  const reason = closedReason(now, freeze, windows);
  if (reason === undefined) return nothingFound;
  if (freezeOverride === undefined) return { problems: [{ cause: 'frozen', message: `Nothing is deployed now: ${reason}.`, hint: causes.frozen.hint }], warnings: [] };
  // The same sentence for as long as it lasts: a run asks twice, and tells it once.
  return { problems: [], warnings: [`The run goes on although it is ${closedBy(now, freeze, windows)}: ${freezeOverride}`] };
}
