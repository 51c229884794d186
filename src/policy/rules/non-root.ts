import { containersIn, type Placed } from '../objects/workloads.js';
import { containerStart, inContainer, type Found, type Rule } from '../rule.js';

export const nonRoot: Rule = {
  fix: 'Set `runAsNonRoot: true` in the securityContext of the container or the pod, and a user in the Dockerfile or as `runAsUser`.',
  check: ({ workloads, facts }) => containersIn(workloads.filter(({ isWindows }) => !isWindows)).flatMap((placed) => check(placed, facts.imageUser)),
};

function check({ workload, container }: Placed, imageUser: string | undefined): Found[] {
  const { user: { uid, isRefusedAsRoot, path }, image, isDeployed } = container;
  const who = containerStart(workload, container);
  const found = (message: string): Found[] => [{ ...inContainer(workload, container, path), message }];
  if (uid === 0) return found(isRefusedAsRoot ? `${who} has runAsNonRoot and runAsUser 0, so it can never start.` : `${who} runs as root: its user is 0.`);
  if (uid !== undefined || isRefusedAsRoot) return [];
  const isKnown = isDeployed && imageUser !== undefined;
  if (isKnown && !isRoot(imageUser)) return [];
  return found(isKnown ? `${who} runs as root, because its image sets no other user and nothing forbids it.`
    : `${who} may run as root: neither runAsNonRoot nor runAsUser is set, and the user of ${image === '' ? 'its image' : `the image ${image}`} is not known.`);
}

/** The user of an image: `1000`, `app:app`, `0`; empty for root. */
export function isRoot(user: string): boolean {
  const [name = ''] = user.split(':');
  return name === '' || name === 'root' || /^0+$/.test(name);
}
