import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf, type Pod } from '../../kubernetes/client/objects.js';
import type { Place, StartOptions } from '../place.js';
import type { FoundContainer } from './find-pod.js';
import { started } from './start.js';

export function podPlace(cluster: Cluster, { pod, container }: FoundContainer): Place {
  const name = nameOf(pod);
  const command = (words: readonly string[]): string[] => ['exec', '--stdin', name, `--container=${container}`, '--', ...words];
  return {
    words: `container ${container} of pod ${name}`,
    image: imageOf(pod, container),
    start: (script: string, { args = [], secrets = [], signal }: StartOptions) =>
      started(cluster.pipe(command(['sh', '-c', script, 'sh', ...args]), signal), secrets),
    typed: (words) => cluster.typed(command(words)),
  };
}

/** The image by its digest, as the node has pulled it; by its name where the node knows no digest of a registry. */
export function imageOf({ spec, status }: Pod, container: string): string | undefined {
  const pulled = status?.containerStatuses?.find(({ name }) => name === container)?.imageID?.replace(/^[a-z-]+:\/\//, '');
  return pulled?.includes('@sha256:') ? pulled : spec?.containers?.find(({ name }) => name === container)?.image;
}
