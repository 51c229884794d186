import { causes, type Cause } from '../../outcome/causes.js';
import { bad, either, good, quote, type Checked } from '../kit/checked.js';
import { suggestion } from '../kit/did-you-mean.js';
import { durationPattern, parseDurationOrZero } from './duration.js';
import { map } from '../kit/map.js';

/** The causes that are detected in the cluster during a rollout, so a patience can be set for them. @public for scripts/generate */
export const patientCauses = [
  'image-not-found', 'image-pull-denied', 'image-pull-failed', 'image-platform-missing', 'image-name-invalid', 'crash-loop', 'out-of-memory',
  'probe-killed', 'hook-failed', 'evicted', 'container-start', 'init-failed', 'container-config', 'volume-mount', 'unschedulable', 'quota-exceeded',
  'admission-denied', 'not-ready', 'wrong-version-serving',
] as const satisfies readonly Cause[];
type PatientCause = (typeof patientCauses)[number];

/** A cause with its patience in ms, 0 to 24 hours. */
export function checkPatience(cause: string, duration: string): Checked<readonly [PatientCause, number]> {
  const known = patientCauses.find((name) => name === cause);
  if (known === undefined) {
    const all = `Use ${either(patientCauses)}.`;
    // The name of another cause is not a typo.
    return bad(`${quote(cause)} is not a cause that is detected during a rollout`, cause in causes ? all : suggestion(cause, patientCauses, all));
  }
  const checked = parseDurationOrZero(duration);
  return checked.ok ? good([known, checked.value] as const) : checked;
}

export const patience = map(checkPatience, {
  expects: 'a map of causes and durations', names: { enum: patientCauses }, values: { type: 'string', pattern: durationPattern },
});
