import { containersIn } from '../objects/workloads.js';
import { containerStart, inContainer, type Rule } from '../rule.js';

export const mutableTags: Rule = {
  fix: 'Name the version or the digest of the image. Or set `imagePullPolicy: Always`, and accept that pods of one workload can differ.',
  check: ({ workloads }) => containersIn(workloads).flatMap(({ workload, container }) => {
    const tag = movingTag(container.image);
    const isCompose = workload.object.form === 'compose-service';
    const policy = container.pullPolicy ?? (tag === 'latest' && !isCompose ? 'Always' : 'IfNotPresent');
    if (tag === undefined || policy !== 'IfNotPresent') return [];
    return [{
      ...inContainer(workload, container, container.imagePath),
      message: `${containerStart(workload, container)} has the image ${container.image}, whose tag ${tag} moves, and ${isCompose ? 'is pulled only if it is missing' : 'the pull policy IfNotPresent'}.`,
    }];
  }),
};

/** The tag of an image if it moves; undefined for a version, a digest, and what is no image. */
export function movingTag(image: string): string | undefined {
  // A reference that another program fills in is not known.
  if (image === '' || image.includes('@') || /[${}\s]/.test(image)) return undefined;
  const [, tag = 'latest'] = /:([^:/]*)$/.exec(image) ?? [];
  return /\d/.test(tag) ? undefined : tag;
}
