// What tests of Docker Compose need: the command, and a Docker daemon, which is a part that is started on demand.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, missing, program } from './cache.mjs';
import { dockerAnswers, unpackDocker } from './docker.mjs';
import { cache, paths } from './layout.mjs';
import { alone } from './lock.mjs';
import { checkGo } from './machine.mjs';
import { alive } from './process.mjs';

/**
 * Gets the programs, as far as they are not there. Can run twice at once, and needs a sandbox that is up.
 *
 * @returns {Promise<{ host: string, compose: string }>} host: for DOCKER_HOST; compose: the path of the program, which `docker compose` finds as well
 */
export async function getCompose() {
  if (!alive('containerd')) throw new Error('The sandbox is not up: npm run sandbox up');
  if (missing(['compose']).length > 0) checkGo();
  await build(['compose']);
  await alone(join(cache, 'data-lock'), unpackDocker);
  return { host: `unix://${paths.dockerSocket}`, compose: program('docker-compose', 'compose') };
}

/** Whether the daemon answers, and `docker compose` is the one that is in the cache. */
export const dockerdRuns = async () => alive('dockerd') !== undefined && existsSync(join(paths.dockerConfig, 'cli-plugins', 'docker-compose')) && dockerAnswers();
