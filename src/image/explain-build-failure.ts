import type { BuildFailure } from './build-failure.js';
import { finalError } from './docker.js';
import { knownBuildErrors } from './known-build-errors.js';
import { pushFailure } from './push-failure.js';
import { classifyRegistryError } from './registry-error.js';

/** Explains a failed `docker buildx build` from its output. */
export function explainBuildFailure(output: string): BuildFailure {
  const error = finalError(output);
  for (const { pattern, explain } of knownBuildErrors) {
    const match = pattern.exec(error);
    if (match) return explain(match, output);
  }
  // The builder in the Docker daemon does not report that it was pushing: "denied: requested access to the resource is denied".
  if (classifyRegistryError(error) === 'denied') return pushFailure('the image', error);
  const reason = error.split('\n')[0]?.replace(/\.$/, '') || 'buildx reported no reason';
  return { cause: 'build-failed', message: `The image could not be built: ${reason}.` };
}

const evidenceLines = 40;
const noise = /^#\d+ (?:sha256:|transferring |extracting |exporting |pushing |resolve |DONE|CACHED|CANCELED|\.\.\.$)|^\s*$/;

/** The last 40 relevant lines, without transfers and finished steps. */
export function relevantLines(output: string): string {
  return output.split('\n').filter((line) => !noise.test(line)).slice(-evidenceLines).join('\n');
}
