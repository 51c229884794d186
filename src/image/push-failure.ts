import type { BuildFailure } from './build-failure.js';
import { classifyRegistryError, firstLine } from './registry-error.js';

/** What to say when the registry did not take `what`, for this reason. */
export function pushFailure(what: string, reason: string): BuildFailure {
  const why = firstLine(reason);
  switch (classifyRegistryError(reason)) {
    case 'denied':
      return {
        cause: 'registry-denied',
        message: `The registry did not let ${what} be pushed: ${why}.`,
        hint: `Check \`registry-username\` and \`registry-password\`, and that the account may write to this repository${
          what.startsWith('ghcr.io/') ? '; with `github.token` the job needs `permissions: packages: write`' : ''}.`,
      };
    case 'temporary':
      return { cause: 'push-failed', message: `The image was built, and ${what} could not be pushed: ${why}.`, temporary: true };
    case 'unreachable':
      return {
        cause: 'push-failed',
        message: `The image was built, and the registry of ${what} cannot be reached: ${why}.`,
        hint: 'Check the host and port in `image`, and that the builder may reach it.',
      };
    default:
      return { cause: 'push-failed', message: `The image was built, and the registry did not take ${what}: ${why}.` };
  }
}
