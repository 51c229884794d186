import { ApiError, type Api } from '../client/api.js';
import type { List, Node, PodSpec, PodTemplate } from '../client/objects.js';
import { tolerates } from '../client/taints.js';
import { nothingFound, type Checked } from '../../outcome/finding.js';

/** The nodes that pods can be scheduled on; undefined if the account is not allowed to read nodes. */
export async function readArchitectures(api: Api, signal: AbortSignal): Promise<readonly Node[] | undefined> {
  try {
    return (await api.get<List<Node>>('/api/v1/nodes', { signal })).items?.filter((node) => !node.spec?.unschedulable);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}

/**
 * Whether the image has a variant for every node that the scheduler can choose for these pods. A problem if the nodes are
 * certain; a warning if a rule that is not read here also chooses among them, or if the nodes may be able to run the 32-bit
 * variant of their architecture.
 */
export function checkPlatforms(
  ref: string, template: PodTemplate | undefined, platforms: readonly string[], nodes: readonly Node[] | undefined,
): Checked {
  if (!nodes || platforms.length === 0) return nothingFound;
  const eligible = nodes.filter((node) => mayRunOn(template?.spec ?? {}, node));
  const has = new Set(platforms.map((platform) => platform.split('/').slice(0, 2).join('/')));
  const others = eligible.filter((node) => !has.has(platformOf(node)));
  const lacking = others.filter((node) => !has.has(narrower.get(platformOf(node)) ?? ''));
  const [node] = lacking.length > 0 ? lacking : others;
  if (!node) return nothingFound;
  const count = others.filter((each) => platformOf(each) === platformOf(node)).length;
  const message = `${count} of ${eligible.length} nodes that ${ref} can run on are ${platformOf(node)} (${node.metadata?.name}), but the image is only for ${platforms.join(', ')}.`;
  if (lacking.length === 0) return { problems: [], warnings: [`${message} Whether these nodes can run it depends on their container runtime and processor.`] };
  return choosesFurther(template?.spec ?? {})
    ? { problems: [], warnings: [`${message} The affinity or runtime class of its pods may exclude these nodes.`] }
    : { problems: [{ cause: 'image-platform-missing', message }], warnings: [] };
}

/**
 * What containerd uses when there is no image for the platform of the node.
 * https://github.com/containerd/platforms/blob/bf6f65b922fde403ec51392620dec9e02e18b006/compare.go
 */
const narrower: ReadonlyMap<string, string> = new Map([['linux/amd64', 'linux/386'], ['linux/arm64', 'linux/arm']]);

const platformOf = ({ status }: Node): string => `${status?.nodeInfo?.operatingSystem ?? 'linux'}/${status?.nodeInfo?.architecture}`;

function mayRunOn({ nodeName, nodeSelector = {}, tolerations = [] }: PodSpec, { metadata, spec }: Node): boolean {
  // A pod that names its node is not scheduled at all.
  if (nodeName) return metadata?.name === nodeName;
  return Object.entries(nodeSelector).every(([key, value]) => metadata?.labels?.[key] === value)
    && (spec?.taints ?? []).every((taint) => taint.effect === 'PreferNoSchedule' || tolerations.some((each) => tolerates(each, taint)));
}

/** Whether more than selectors and taints chooses between the nodes. */
const choosesFurther = ({ affinity, runtimeClassName }: PodSpec): boolean => Boolean(
  runtimeClassName || affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  || affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
);
