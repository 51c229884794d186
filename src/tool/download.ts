import { CommandError } from '../outcome/errors.js';
import { placeWords, settingText } from '../outcome/place-words.js';
import { messageOf } from '../outcome/wording.js';
import { discard, HttpError } from '../ports/http.js';
import type { Ports } from '../ports/ports.js';
import { retry } from '../ports/retry.js';
import type { Download } from './program.js';

/** Enough for 58 MB over a slow connection. */
const downloadTimeoutMs = 300_000;
/** Before the second and the third attempt, ms. */
const delaysMs = [2000, 6000];

/**
 * Downloads a file into the tool cache of the runner or of the user, or takes it from there. Whoever gets it gets what has the
 * checksum, and nothing else.
 * @param why it is downloaded: the beginning of a sentence
 * @returns its path
 * @throws CommandError tool-missing when it cannot be downloaded, or does not have the checksum
 */
export async function fetchTool(ports: Ports, tool: Download, why: string): Promise<string> {
  const cached = cacheFolder(ports.env, tool);
  const kept = cached === undefined ? undefined : `${cached}/${tool.file}`;
  // Other programs can write to this folder: a file without the checksum is not used.
  if (kept !== undefined && (await ports.files.sha256(kept)) === tool.sha256) return kept;
  ports.log.info(`${why}: installing ${tool.version} from ${new URL(tool.url).host}`);
  if (kept !== undefined) {
    try {
      await download(ports, tool, kept, why);
      await ports.files.writeText(`${cached}.complete`, '');
      return kept;
    } catch (error) {
      if (error instanceof CommandError) throw error;
      ports.log.info(`${tool.name} cannot be stored in ${cached} and is downloaded for this run only: ${messageOf(error)}`);
    }
  }
  const path = `${await ports.files.temporaryFolder()}/${tool.file}`;
  await download(ports, tool, path, why);
  return path;
}

/**
 * In the layout of @actions/tool-cache, so tools of the runner find it; undefined where there is no such folder. The checksum
 * is part of the path: a build of a mirror never replaces the release, nor the other way round.
 */
function cacheFolder(env: Ports['env'], { name, version, sha256, arch }: Download): string | undefined {
  const ofUser = env.XDG_CACHE_HOME || (env.HOME ? `${env.HOME}/.cache` : undefined);
  const root = env.RUNNER_TOOL_CACHE || (ofUser === undefined ? undefined : `${ofUser}/deploy-action`);
  return root === undefined ? undefined : `${root}/${name}/${version}-${sha256.slice(0, 12)}/${arch}`;
}

/** The server did not return the file. */
class NotDownloaded extends Error {
  constructor(reason: string, readonly mayPass: boolean) {
    super(reason);
  }
}

/** @throws CommandError tool-missing; whatever writing the file throws */
async function download(ports: Ports, tool: Download, path: string, why: string): Promise<void> {
  const { name, url } = tool;
  try {
    await retry(ports.clock, {
      delaysMs,
      retryable: (error) => error instanceof HttpError || (error instanceof NotDownloaded && error.mayPass),
      signal: ports.cancelled,
      onWait: (error, delayMs) => ports.log.warning(`${name} could not be downloaded. Trying again in ${delayMs / 1000} s: ${messageOf(error)}`),
    }, () => downloadOnce(ports, tool, path));
  } catch (error) {
    if (!(error instanceof HttpError || error instanceof NotDownloaded)) throw error;
    throw new CommandError('tool-missing', `${why}, and could not be downloaded from ${new URL(url).host}: ${error.message}.`, {
      hint: `${placeWords().install(name)} Or set ${settingText(`${name}-url`)} to a mirror that this machine can reach.`, cause: error,
    });
  }
}

async function downloadOnce({ http, files, cancelled }: Ports, { name, url, sha256 }: Download, path: string): Promise<void> {
  const response = await http.request({ url, timeoutMs: downloadTimeoutMs, maxRedirects: 5, signal: cancelled });
  try {
    const { status } = response;
    if (status !== 200) throw new NotDownloaded(`it returned status ${status}`, status === 408 || status === 429 || status >= 500);
    const actual = await files.writeVerified(path, response.body, sha256, 0o755);
    if (actual === sha256) return;
    throw new CommandError('tool-missing', `The ${name} from ${new URL(url).host} has the checksum ${actual} instead of the pinned ${sha256}. It was not run.`, {
      hint: `Check ${settingText(`${name}-url`)}: the server returns a different file. For another version, set ${settingText(`${name}-sha256`)} to the checksum that you trust.`,
    });
  } finally {
    await discard(response);
  }
}
