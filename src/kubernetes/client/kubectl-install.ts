import type { ClusterConfig } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import { messageOf } from '../../outcome/wording.js';
import { discard, HttpError } from '../../ports/http.js';
import type { Ports } from '../../ports/ports.js';

/** The release that is installed where kubectl is missing: SHA-256 of `bin/linux/ARCH/kubectl` as dl.k8s.io publishes it. */
export const pinned = {
  version: '1.34.4',
  url: 'https://dl.k8s.io/release/v{version}/bin/{os}/{arch}/kubectl',
  sha256: {
    amd64: 'd50c359d95e0841eaad08ddc27c7be37cba8fdccfba5c8e2ded65e121ff112db',
    arm64: '5b982c0644ab1e27780246b9085a5886651b4a7ed86243acbb2bacc1bea01dda',
  } as Readonly<Record<string, string>>,
};

/** 58 MB, also over a slow line. */
const downloadTimeoutMs = 300_000;
/** Pauses before the second and the third try. */
const pausesMs = [2000, 6000];

/**
 * Downloads kubectl into the tool cache of the runner or of the user, or takes it from there.
 * @throws ClusterError tool-missing when it cannot be had, or is not the file whose checksum is pinned
 */
export async function installKubectl(ports: Ports, config: ClusterConfig): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const sha256 = config.kubectlSha256 ?? pinned.sha256[arch];
  if (process.platform !== 'linux' || sha256 === undefined) {
    throw new ClusterError('tool-missing', `kubectl is not on PATH, and none is known for ${process.platform}/${arch}.`, { hint: 'Install kubectl in a step before this one.' });
  }
  const cached = cacheFolder(ports.env, arch, sha256);
  // Whoever may write there is not trusted with more than this: it is what is pinned, or it is not run.
  if (cached !== undefined && (await ports.files.sha256(`${cached}/kubectl`)) === sha256) return `${cached}/kubectl`;
  const url = (config.kubectlUrl ?? pinned.url).replaceAll('{version}', pinned.version).replaceAll('{os}', 'linux').replaceAll('{arch}', arch);
  ports.log.info(`kubectl is not on PATH: installing ${pinned.version} from ${new URL(url).host}`);
  if (cached !== undefined) {
    try {
      await download(ports, url, `${cached}/kubectl`, sha256);
      await ports.files.writeText(`${cached}.complete`, '');
      return `${cached}/kubectl`;
    } catch (error) {
      if (error instanceof ClusterError) throw error;
      ports.log.info(`kubectl cannot be kept in ${cached}, and is for this run only: ${messageOf(error)}`);
    }
  }
  const path = `${await ports.files.temporaryFolder()}/kubectl`;
  await download(ports, url, path, sha256);
  return path;
}

/**
 * As @actions/tool-cache lays it out, so that tools of the runner find it; undefined where there is no such place. Keyed by its
 * checksum: a mirror's own build never takes the place of the release, or the other way round.
 */
function cacheFolder(env: Ports['env'], arch: string, sha256: string): string | undefined {
  const ofUser = env.XDG_CACHE_HOME || (env.HOME ? `${env.HOME}/.cache` : undefined);
  const root = env.RUNNER_TOOL_CACHE || (ofUser === undefined ? undefined : `${ofUser}/deploy-action`);
  return root === undefined ? undefined : `${root}/kubectl/${pinned.version}-${sha256.slice(0, 12)}/${arch}`;
}

interface Failed {
  readonly reason: string;
  readonly mayPass: boolean;
}

/** @throws ClusterError tool-missing; whatever writing the file throws */
async function download(ports: Ports, url: string, path: string, sha256: string): Promise<void> {
  for (let tried = 0; ; tried += 1) {
    const failed = await attempt(ports, url, path, sha256);
    if (failed === undefined) return;
    const pauseMs = failed.mayPass ? pausesMs[tried] : undefined;
    if (pauseMs === undefined) {
      throw new ClusterError('tool-missing', `kubectl is not on PATH and could not be downloaded from ${new URL(url).host}: ${failed.reason}.`, {
        hint: 'Install kubectl in a step before this one, or set `kubectl-url` to a mirror that this runner can reach.',
      });
    }
    ports.log.warning(`kubectl could not be downloaded and is tried again in ${pauseMs / 1000} s: ${failed.reason}`);
    await ports.clock.sleep(pauseMs, ports.cancelled);
  }
}

/** @returns why it did not work; undefined when it did */
async function attempt({ http, files, cancelled }: Ports, url: string, path: string, sha256: string): Promise<Failed | undefined> {
  try {
    const response = await http.request({ url, timeoutMs: downloadTimeoutMs, maxRedirects: 5, signal: cancelled });
    try {
      const { status } = response;
      if (status !== 200) return { reason: `it answered with status ${status}`, mayPass: status === 408 || status === 429 || status >= 500 };
      const actual = await files.writeVerified(path, response.body, sha256, 0o755);
      if (actual === sha256) return undefined;
      throw new ClusterError('tool-missing', `The kubectl from ${new URL(url).host} has the checksum ${actual}, and ${sha256} is pinned. It was not run.`, {
        hint: 'Somebody serves another file there. Check `kubectl-url`; for another version set `kubectl-sha256` to the checksum that you trust.',
      });
    } finally {
      await discard(response);
    }
  } catch (error) {
    if (error instanceof HttpError) return { reason: error.message, mayPass: true };
    throw error;
  }
}
