import type { Given } from '../under-lock.js';
import type { Release } from '../../record/ledger.js';
import { lookUp } from '../../image/look-up.js';
import { PreflightError } from '../../outcome/finding.js';
import { unlessPrivate } from '../../image/check-existing.js';
import { settingText } from '../../outcome/place-words.js';

/** No longer, because a rollback is urgent and no answer is only a warning. */
const registryAnswersWithinMs = 10_000;

/**
 * An image that is no longer in the registry cannot be restored: a node could not pull it.
 * @returns a warning if the registry cannot be requested
 */
export async function checkInRegistry({ ports, config }: Given, release: Release): Promise<string[]> {
  const images = [...new Set(release.contents.map(({ version }) => version))];
  const described = await lookUp(ports, config.login, images, registryAnswersWithinMs);
  const absent = images.filter((_, index) => described[index]?.state === 'absent');
  if (absent.length > 0) {
    throw new PreflightError([{
      cause: 'image-not-found', message: `${absent.join(', ')} no longer exists in the registry, so this release cannot be restored.`,
      hint: `${unlessPrivate(config)}Choose another release with ${settingText('to')}, or build the commit again. Configure the clean-up of the registry to keep the images of the last releases.`,
    }]);
  }
  return images.flatMap((image, index) => {
    const found = described[index];
    return found && 'reason' in found ? [`Could not check whether ${image} is still in the registry: ${found.reason}`] : [];
  });
}
