import { ApiError, type Api } from '../client/api.js';
import type { List, Node, PodSpec, PodTemplate } from '../client/objects.js';
import { tolerates } from '../client/taints.js';
import { nothingFound, type Checked } from '../../outcome/finding.js';

/** The nodes that pods can be put on; undefined when nodes may not be read. */
export async function readArchitectures(api: Api, signal: AbortSignal): Promise<readonly Node[] | undefined> {
  try {
    return (await api.get<List<Node>>('/api/v1/nodes', { signal })).items?.filter((node) => !node.spec?.unschedulable);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}

/**
 * Whether the image has a variant for every node that the scheduler may choose for these pods. A problem where the
 * nodes are certain; a warning where something chooses among them that is not read here, and where they may run what is for
 * the 32 bits of their architecture.
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
  const message = `${count} of ${eligible.length} nodes that ${ref} may run on are ${platformOf(node)} (${node.metadata?.name}), and the image is for ${platforms.join(', ')} only.`;
  if (lacking.length === 0) return { problems: [], warnings: [`${message} It depends on their container runtime and their processor whether they run it.`] };
  return choosesFurther(template?.spec ?? {})
    ? { problems: [], warnings: [`${message} Its affinity or runtime class may keep it away from them.`] }
    : { problems: [{ cause: 'image-platform-missing', message }], warnings: [] };
}

/**
 * What containerd takes where there is no image for the node's own platform.
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

/** Whether more than selectors and taints decides between the nodes. */
const choosesFurther = ({ affinity, runtimeClassName }: PodSpec): boolean => Boolean(
  runtimeClassName || affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  || affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
);
