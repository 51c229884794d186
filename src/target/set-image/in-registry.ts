import type { Given } from './facts.js';
import type { Release } from '../../record/ledger.js';
import { lookUp } from '../../image/look-up.js';
import { PreflightError } from '../../outcome/finding.js';
import { unlessPrivate } from '../../image/check-existing.js';

/** In an emergency, what can only become a warning is not waited for any longer. */
const registryAnswersWithinMs = 10_000;

/**
 * What the registry no longer holds cannot be gone back to: a node that has to pull it would find nothing.
 * @returns a warning where that cannot be asked
 */
export async function checkInRegistry({ ports, config }: Given, release: Release): Promise<string[]> {
  const images = [...new Set(release.contents.map(({ version }) => version))];
  const described = await lookUp(ports, config.login, images, registryAnswersWithinMs);
  const absent = images.filter((_, index) => described[index]?.state === 'absent');
  if (absent.length > 0) {
    throw new PreflightError([{
      cause: 'image-not-found', message: `${absent.join(', ')} is not in the registry any more, so that this release cannot be gone back to.`,
      hint: `${unlessPrivate(config)}Choose another release with \`to\`, or build the commit again. Have the clean-up of the registry keep the images of the last releases.`,
    }]);
  }
  return images.flatMap((image, index) => {
    const found = described[index];
    return found && 'reason' in found ? [`Whether ${image} is still in the registry could not be asked from here: ${found.reason}`] : [];
  });
}
