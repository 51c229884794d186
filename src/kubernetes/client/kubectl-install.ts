import type { ClusterConfig } from '../../config/config.js';
import type { Ports } from '../../ports/ports.js';
import { fetchTool } from '../../tool/download.js';
import { downloadOf, type Program } from '../../tool/program.js';

/** SHA-256 of `bin/linux/ARCH/kubectl` as published by dl.k8s.io. */
export const kubectlRelease: Program = {
  name: 'kubectl',
  version: '1.34.4',
  url: 'https://dl.k8s.io/release/v{version}/bin/{os}/{arch}/kubectl',
  sha256: {
    amd64: 'd50c359d95e0841eaad08ddc27c7be37cba8fdccfba5c8e2ded65e121ff112db',
    arm64: '5b982c0644ab1e27780246b9085a5886651b4a7ed86243acbb2bacc1bea01dda',
  },
  file: 'kubectl',
};

/**
 * Installs the kubectl of a machine that does not have the wanted one.
 * @param version undefined: the pinned one
 * @param why it is installed: the beginning of a sentence
 * @returns its path
 * @throws CommandError tool-missing when it cannot be downloaded, or does not have its checksum; config-invalid when its checksum is not known
 */
export async function installKubectl(
  ports: Ports, { kubectlUrl: url, kubectlSha256: sha256 }: Pick<ClusterConfig, 'kubectlUrl' | 'kubectlSha256'>, version?: string, why = 'kubectl is not on PATH',
): Promise<string> {
  return fetchTool(ports, downloadOf(kubectlRelease, { version, url, sha256 }, ports.machine, why), why);
}
