import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import * as toolCache from '@actions/tool-cache';
import type { ClusterConfig } from '../config/config.js';
import { ClusterError } from '../outcome/errors.js';
import type { Ports } from '../ports/ports.js';

/** The release that is installed where kubectl is missing: SHA-256 of `bin/linux/ARCH/kubectl` as dl.k8s.io publishes it. */
export const pinned = {
  version: '1.34.4',
  url: 'https://dl.k8s.io/release/v{version}/bin/{os}/{arch}/kubectl',
  sha256: {
    amd64: 'd50c359d95e0841eaad08ddc27c7be37cba8fdccfba5c8e2ded65e121ff112db',
    arm64: '5b982c0644ab1e27780246b9085a5886651b4a7ed86243acbb2bacc1bea01dda',
  } as Readonly<Record<string, string>>,
};

/**
 * Downloads kubectl into the runner's tool cache, or takes it from there.
 * @throws ClusterError api-unreachable when it cannot be had, or is not the file whose checksum is pinned
 */
export async function installKubectl(ports: Ports, config: ClusterConfig): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const expected = config.kubectlSha256 ?? pinned.sha256[arch];
  if (process.platform !== 'linux' || expected === undefined) {
    throw new ClusterError('api-unreachable', `kubectl is not on PATH, and none is known for ${process.platform}/${arch}.`, {
      hint: 'Install kubectl in a step before this one.',
    });
  }
  // Keyed by its checksum: a mirror's own build never takes the place of the release, or the other way round.
  const version = `${pinned.version}-${expected.slice(0, 12)}`;
  const cached = toolCache.find('kubectl', version, arch);
  if (cached) return `${cached}/kubectl`;
  const url = (config.kubectlUrl ?? pinned.url).replaceAll('{version}', pinned.version).replaceAll('{os}', 'linux').replaceAll('{arch}', arch);
  ports.log.info(`kubectl is not on PATH: installing ${pinned.version} from ${new URL(url).host}`);
  const file = await download(url);
  const actual = await sha256(file);
  if (actual !== expected) {
    throw new ClusterError('api-unreachable', `The kubectl from ${new URL(url).host} has the checksum ${actual}, and ${expected} is pinned. It was not run.`, {
      hint: 'Somebody serves another file there. Check `kubectl-url`; for another version set `kubectl-sha256` to the checksum that you trust.',
    });
  }
  await chmod(file, 0o755);
  return `${await toolCache.cacheFile(file, 'kubectl', 'kubectl', version, arch)}/kubectl`;
}

async function download(url: string): Promise<string> {
  try {
    return await toolCache.downloadTool(url);
  } catch (error) {
    throw new ClusterError('api-unreachable', `kubectl is not on PATH and could not be downloaded from ${new URL(url).host}: ${error instanceof Error ? error.message : String(error)}.`, {
      hint: 'Install kubectl in a step before this one, or set `kubectl-url` to a mirror that this runner can reach.', cause: error,
    });
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
