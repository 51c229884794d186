import { array, object, string } from 'valibot';
import { shellWord } from '../../outcome/wording.js';
import { tryJson } from '../../ports/json.js';
import type { Exited } from '../../ports/process.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { Place, Reach, StartOptions } from '../place.js';
import { openDockerScratch } from './scratch-docker.js';
import { started } from './start.js';

export interface ComposeSettings {
  readonly service: string;
  /** Paths, in the order of `docker compose --file`; none: what compose finds itself. */
  readonly files: readonly string[];
  readonly project?: string;
  /** Folder in which compose runs. */
  readonly folder?: string;
}

/** A service of compose with one running container. @throws DataError, CommandError */
export async function composeReach(context: DataContext, settings: ComposeSettings): Promise<Reach> {
  const { ports, failure, signal } = context;
  const { service, folder } = settings;
  const compose = ['compose', ...settings.files.map((file) => `--file=${file}`), ...(settings.project === undefined ? [] : [`--project-name=${settings.project}`])];
  const docker = (args: readonly string[]): Promise<Exited> => ports.process.run({ program: 'docker', args, cwd: folder, timeoutMs: 60_000, signal });
  const listed = await docker([...compose, 'ps', '--quiet', '--status=running', service]);
  if (listed.code !== 0) {
    throw new DataError(failure, `docker compose cannot find service ${service}: ${listed.stderr.trim().split('\n').at(-1) ?? ''}.`, { hint: 'Check `service` of the database in the settings, and the compose files.' });
  }
  const containers = listed.stdout.split('\n').filter((line) => line !== '');
  const [container] = containers;
  if (container === undefined || containers.length > 1) {
    throw new DataError(failure, `Service ${service} has ${containers.length === 0 ? 'no running container' : `${containers.length} running containers`}, and must have one.`, {
      hint: `Check it: docker ${[...compose, 'ps', service].map(shellWord).join(' ')}`,
    });
  }
  const image = await imageOf(docker, container);
  const place = composePlace(context, settings, [...compose, 'exec', '-T', service], image);
  return { place, scratch: (over, bytes) => openDockerScratch(context, place, over, bytes) };
}

const inspected = array(object({ Image: string() }));

/** Its id: that of exactly what runs, which needs no registry. */
async function imageOf(docker: (args: readonly string[]) => Promise<Exited>, container: string): Promise<string | undefined> {
  const { stdout } = await docker(['inspect', container]);
  return tryJson(stdout, inspected)?.[0]?.Image;
}

function composePlace({ ports }: DataContext, { service, folder }: ComposeSettings, command: readonly string[], image: string | undefined): Place {
  return {
    words: `service ${service}`, image,
    start: (script: string, { args = [], secrets = [], signal }: StartOptions) =>
      started(ports.pipe({ program: 'docker', args: [...command, 'sh', '-c', script, 'sh', ...args], cwd: folder, signal }), secrets),
    typed: (words) => ['docker', ...command, ...words].map(shellWord).join(' '),
  };
}
