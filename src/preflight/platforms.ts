import { ApiError, type Api } from '../cluster/api.js';
import type { KubeObject, List, Workload } from '../cluster/objects.js';
import type { Checked } from './finding.js';

interface Node extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: { readonly nodeInfo?: { readonly architecture?: string; readonly operatingSystem?: string } };
}

/** Architectures of the nodes that pods can be put on, with a node of each; undefined when nodes may not be read. */
export async function readArchitectures(api: Api, signal: AbortSignal): Promise<readonly Node[] | undefined> {
  try {
    return (await api.get<List<Node>>('/api/v1/nodes', { signal })).items?.filter((node) => !node.spec?.unschedulable);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}

/** Whether the image has a variant for every node that the scheduler may choose for this workload. */
export function checkPlatforms(ref: string, workload: Workload, platforms: readonly string[], nodes: readonly Node[] | undefined): Checked {
  if (!nodes || platforms.length === 0) return { problems: [], warnings: [] };
  const wanted = workload.spec?.template?.spec?.nodeSelector ?? {};
  const eligible = nodes.filter((node) => Object.entries(wanted).every(([key, value]) => node.metadata?.labels?.[key] === value));
  const has = new Set(platforms.map((platform) => platform.split('/').slice(0, 2).join('/')));
  const lacking = eligible.filter((node) => !has.has(`${node.status?.nodeInfo?.operatingSystem ?? 'linux'}/${node.status?.nodeInfo?.architecture}`));
  const [node] = lacking;
  if (!node) return { problems: [], warnings: [] };
  const platform = `${node.status?.nodeInfo?.operatingSystem ?? 'linux'}/${node.status?.nodeInfo?.architecture}`;
  return {
    warnings: [],
    problems: [{
      cause: 'image-platform-missing',
      message: `${lacking.length} of ${eligible.length} nodes that ${ref} may run on are ${platform} (${node.metadata?.name}), and the image is for ${platforms.join(', ')} only.`,
    }],
  };
}
