import type { Followed } from '../../../src/kubernetes/judge/follow.js';
import type { ImageChange } from '../../../src/target/set-image/image-change.js';
import type { OpenRelease } from '../../../src/target/set-image/open-release.js';
import { wavesOf, type Rolling } from '../../../src/target/set-image/waves.js';

/** All waves of a release, as the engine runs them. Resolves to what is judged from then on. */
export async function rollOut(release: OpenRelease, confirm: () => Promise<void>): Promise<{ readonly followed: readonly Followed<ImageChange>[] }> {
  const rolling: Rolling = { release, followed: [] };
  for (const wave of wavesOf(rolling, false)) {
    await wave.change(confirm);
    await wave.prove();
  }
  return rolling;
}
