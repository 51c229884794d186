import type { ClusterConfig } from '../../config/config.js';
import type { Ports } from '../../ports/ports.js';
import { installKubectl } from './kubectl-install.js';
import { onPath } from './on-path.js';

/** The kubectl on PATH; when there is none, one with a pinned checksum is installed. */
export const findKubectl = async (ports: Ports, config: ClusterConfig): Promise<string> => (await onPath('kubectl', ports)) ?? installKubectl(ports, config);
