import { createHash } from 'node:crypto';
import type { BuildConfig } from '../config/config.js';

/** Label with the settings that the image was built with: `PLACE.ARGUMENTS[.ENVIRONMENT]`, a hash each. */
export const settingsLabel = 'io.github.acci.deploy-action.build';

/**
 * The settings that decide the content of an image of a commit. Build secrets are left out: a hash of a secret must not
 * be published.
 */
export function describeSettings({ target, dockerfile, context, buildArgs }: BuildConfig, environment: string | undefined): string {
  const sorted = Object.entries(buildArgs).sort(([a], [b]) => (a < b ? -1 : 1));
  return [hash([target, dockerfile, context]), hash(sorted), ...(environment === undefined ? [] : [hash([environment])])].join('.');
}

const hash = (value: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);

/** `arguments`: only the build arguments differ, in the same environment; for example a time or the number of the run. */
export type SettingsDifference = 'none' | 'arguments' | 'other';

/** How two builds differ; `none` when the settings of one of them are unknown. */
export function compareSettings(a: string | undefined, b: string | undefined): SettingsDifference {
  if (a === undefined || b === undefined) return 'none';
  const [[placeA, argumentsA, environmentA], [placeB, argumentsB, environmentB]] = [a.split('.'), b.split('.')];
  if (placeA !== placeB) return 'other';
  if (argumentsA === argumentsB) return 'none';
  return environmentA === environmentB ? 'arguments' : 'other';
}
