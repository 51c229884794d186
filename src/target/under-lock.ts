import { recordedChecks } from '../check/smoke/recorded.js';
import type { Config } from '../config/config.js';
import type { Context } from '../ports/context.js';
import type { RunRecord } from '../record/ledger.js';
import type { Lock } from '../record/store.js';

/** A run with the settings of its target. */
export interface Given extends Context {
  readonly config: Config;
}

/** The same run, which is also cancelled when its lock is lost. */
export const underLock = <T extends Given>(given: T, { lost }: Lock): T =>
  ({ ...given, ports: { ...given.ports, cancelled: AbortSignal.any([given.ports.cancelled, lost]) } });

/** A run that finishes an interrupted one, with the smoke checks of its record: its own may expect another version. */
export const inPlaceOf = <T extends Given>(given: T, { checks }: RunRecord, lock: Lock): T =>
  underLock({ ...given, config: { ...given.config, smoke: recordedChecks(checks, given.config.smoke) } }, lock);
