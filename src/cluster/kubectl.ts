import type { ClusterConfig } from '../config/config.js';
import type { Ports } from '../ports/ports.js';

/** The kubectl on PATH; when there is none, one with a pinned checksum is installed. */
export async function findKubectl(ports: Ports, config: ClusterConfig): Promise<string> {
  const found = await onPath('kubectl', ports);
  if (found) return found;
  // Loaded only when needed: the downloader is the largest library of the bundle.
  const { installKubectl } = await import('./kubectl-install.js');
  return installKubectl(ports, config);
}

async function onPath(program: string, ports: Ports): Promise<string | undefined> {
  for (const folder of (ports.env.PATH ?? '').split(':')) {
    if (folder !== '' && (await ports.files.isExecutable(`${folder}/${program}`))) return `${folder}/${program}`;
  }
  return undefined;
}
