import type { BuildFailure } from './build-failure.js';
import { finalError } from './docker.js';
import { knownBuildErrors } from './known-build-errors.js';
import { pushFailure } from './push-failure.js';
import { classifyRegistryError } from './registry-error.js';

/** What to say of a `docker buildx build` that ended badly, from all it printed. */
export function explainBuildFailure(output: string): BuildFailure {
  const error = finalError(output);
  for (const { pattern, explain } of knownBuildErrors) {
    const match = pattern.exec(error);
    if (match) return explain(match, output);
  }
  // The builder inside of the Docker daemon does not say that it was pushing: "denied: requested access to the resource is denied".
  if (classifyRegistryError(error) === 'denied') return pushFailure('the image', error);
  const reason = error.split('\n')[0]?.replace(/\.$/, '') || 'buildx gave no reason';
  return { cause: 'build-failed', message: `The image could not be built: ${reason}.` };
}

const evidenceLines = 40;
const noise = /^#\d+ (?:sha256:|transferring |extracting |exporting |pushing |resolve |DONE|CACHED|CANCELED|\.\.\.$)|^\s*$/;

/** The last 40 lines that say something: transfers and finished steps are left out. */
export function relevantLines(output: string): string {
  return output.split('\n').filter((line) => !noise.test(line)).slice(-evidenceLines).join('\n');
}
