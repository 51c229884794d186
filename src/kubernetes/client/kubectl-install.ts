import type { ClusterConfig } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import { messageOf } from '../../outcome/wording.js';
import { discard, HttpError } from '../../ports/http.js';
import type { Ports } from '../../ports/ports.js';
import { retry } from '../../ports/retry.js';
import { placeWords, settingText } from '../../outcome/place-words.js';

/** The release that is installed when kubectl is missing: SHA-256 of `bin/linux/ARCH/kubectl` as published by dl.k8s.io. */
export const pinned = {
  version: '1.34.4',
  url: 'https://dl.k8s.io/release/v{version}/bin/{os}/{arch}/kubectl',
  sha256: {
    amd64: 'd50c359d95e0841eaad08ddc27c7be37cba8fdccfba5c8e2ded65e121ff112db',
    arm64: '5b982c0644ab1e27780246b9085a5886651b4a7ed86243acbb2bacc1bea01dda',
  } as Readonly<Record<string, string>>,
};

/** Enough for 58 MB over a slow connection. */
const downloadTimeoutMs = 300_000;
/** Before the second and the third attempt, ms. */
const delaysMs = [2000, 6000];

/**
 * Downloads kubectl into the tool cache of the runner or of the user, or takes it from there.
 * @throws ClusterError tool-missing when it cannot be downloaded, or does not have the pinned checksum
 */
export async function installKubectl(ports: Ports, config: ClusterConfig): Promise<string> {
  const { system, architecture } = ports.machine;
  const arch = architecture === 'x64' ? 'amd64' : architecture;
  const sha256 = config.kubectlSha256 ?? pinned.sha256[arch];
  if (system !== 'linux' || sha256 === undefined) {
    throw new ClusterError('tool-missing', `kubectl is not on PATH, and there is no pinned version for ${system}/${arch}.`, { hint: placeWords().install('kubectl') });
  }
  const cached = cacheFolder(ports.env, arch, sha256);
  // Other programs can write to this folder: a file without the pinned checksum is not run.
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
      ports.log.info(`kubectl cannot be stored in ${cached} and is downloaded for this run only: ${messageOf(error)}`);
    }
  }
  const path = `${await ports.files.temporaryFolder()}/kubectl`;
  await download(ports, url, path, sha256);
  return path;
}

/**
 * In the layout of @actions/tool-cache, so tools of the runner find it; undefined where there is no such folder. The checksum
 * is part of the path: a build of a mirror never replaces the release, nor the other way round.
 */
function cacheFolder(env: Ports['env'], arch: string, sha256: string): string | undefined {
  const ofUser = env.XDG_CACHE_HOME || (env.HOME ? `${env.HOME}/.cache` : undefined);
  const root = env.RUNNER_TOOL_CACHE || (ofUser === undefined ? undefined : `${ofUser}/deploy-action`);
  return root === undefined ? undefined : `${root}/kubectl/${pinned.version}-${sha256.slice(0, 12)}/${arch}`;
}

/** The server did not return the file. */
class NotDownloaded extends Error {
  constructor(reason: string, readonly mayPass: boolean) {
    super(reason);
  }
}

/** @throws ClusterError tool-missing; whatever writing the file throws */
async function download(ports: Ports, url: string, path: string, sha256: string): Promise<void> {
  const { host } = new URL(url);
  try {
    await retry(ports.clock, {
      delaysMs,
      retryable: (error) => error instanceof HttpError || (error instanceof NotDownloaded && error.mayPass),
      signal: ports.cancelled,
      onWait: (error, delayMs) => ports.log.warning(`kubectl could not be downloaded. Trying again in ${delayMs / 1000} s: ${messageOf(error)}`),
    }, () => downloadOnce(ports, url, path, sha256));
  } catch (error) {
    if (!(error instanceof HttpError || error instanceof NotDownloaded)) throw error;
    throw new ClusterError('tool-missing', `kubectl is not on PATH and could not be downloaded from ${host}: ${error.message}.`, {
      hint: `${placeWords().install('kubectl')} Or set ${settingText('kubectl-url')} to a mirror that this machine can reach.`, cause: error,
    });
  }
}

async function downloadOnce({ http, files, cancelled }: Ports, url: string, path: string, sha256: string): Promise<void> {
  const response = await http.request({ url, timeoutMs: downloadTimeoutMs, maxRedirects: 5, signal: cancelled });
  try {
    const { status } = response;
    if (status !== 200) throw new NotDownloaded(`it returned status ${status}`, status === 408 || status === 429 || status >= 500);
    const actual = await files.writeVerified(path, response.body, sha256, 0o755);
    if (actual === sha256) return;
    throw new ClusterError('tool-missing', `The kubectl from ${new URL(url).host} has the checksum ${actual} instead of the pinned ${sha256}. It was not run.`, {
      hint: `Check ${settingText('kubectl-url')}: the server returns a different file. For another version, set ${settingText('kubectl-sha256')} to the checksum that you trust.`,
    });
  } finally {
    await discard(response);
  }
}
