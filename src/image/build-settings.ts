import { createHash } from 'node:crypto';
import type { BuildConfig } from '../config/config.js';

/** Label of an image with what it was built by, besides its commit: `PLACE.ARGUMENTS[.ENVIRONMENT]`, a hash each. */
export const settingsLabel = 'io.github.acci.deploy-action.build';

/**
 * The settings that decide what is in an image of a commit. Build secrets are not among them: a hash of a secret must not
 * be published.
 */
export function describeSettings({ target, dockerfile, context, buildArgs }: BuildConfig, environment: string | undefined): string {
  const sorted = Object.entries(buildArgs).sort(([a], [b]) => (a < b ? -1 : 1));
  return [hash([target, dockerfile, context]), hash(sorted), ...(environment === undefined ? [] : [hash([environment])])].join('.');
}

const hash = (value: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);

/** `arguments`: only the build arguments differ, and not because of the environment; a time or a number of the run, say. */
export type SettingsDifference = 'none' | 'arguments' | 'other';

/** How two builds differ; not at all, where one of them does not say. */
export function compareSettings(a: string | undefined, b: string | undefined): SettingsDifference {
  if (a === undefined || b === undefined) return 'none';
  const [[placeA, argumentsA, environmentA], [placeB, argumentsB, environmentB]] = [a.split('.'), b.split('.')];
  if (placeA !== placeB) return 'other';
  if (argumentsA === argumentsB) return 'none';
  return environmentA === environmentB ? 'arguments' : 'other';
}
