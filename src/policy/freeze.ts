import { causes } from '../outcome/causes.js';
import { nothingFound, type Checked } from '../outcome/finding.js';
import { closedBy, closedReason, nextClosing } from './calendar.js';
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

/** When no rollout is allowed, now or next, in sentences; empty where it always is. */
export function closedAhead({ freeze, windows }: Pick<Config, 'freeze' | 'windows'>, clock: Clock): readonly string[] {
  const now = clock.now();
  const [closed, next] = [closedReason(now, freeze, windows), nextClosing(now, freeze, windows)];
  if (closed !== undefined) return [`No rollout is allowed now: ${closed}.`];
  return next === undefined ? [] : [`The next time without rollouts: ${next}.`];
}
