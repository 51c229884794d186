import type { BuildFailure } from './build-failure.js';
import { classifyRegistryError, firstLine } from './registry-error.js';
import { settingText } from '../outcome/place-words.js';

/** Explains why the registry did not accept `what`. */
export function pushFailure(what: string, reason: string): BuildFailure {
  const why = firstLine(reason);
  switch (classifyRegistryError(reason)) {
    case 'denied':
      return {
        cause: 'registry-denied',
        message: `The registry refused the push of ${what}: ${why}.`,
        hint: `Check ${settingText('registry-username')} and ${settingText('registry-password')}, and that the account can write to this repository${
          what.startsWith('ghcr.io/') ? '; with `github.token` the job needs `permissions: packages: write`' : ''}.`,
      };
    case 'temporary':
      return { cause: 'push-failed', message: `The image was built, but ${what} could not be pushed: ${why}.`, temporary: true };
    case 'unreachable':
      return {
        cause: 'push-failed',
        message: `The image was built, but the registry of ${what} cannot be reached: ${why}.`,
        hint: `Check the host and port in ${settingText('image')}, and that the builder can reach them.`,
      };
    default:
      return { cause: 'push-failed', message: `The image was built, but the registry did not accept ${what}: ${why}.` };
  }
}
