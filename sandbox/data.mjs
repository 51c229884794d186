// What tests of backups and restores need besides the cluster: databases and an S3 server.
import { join } from 'node:path';
import { build, missing, program } from './cache.mjs';
import { madeImage } from './database-images.mjs';
import { cache, registry } from './layout.mjs';
import { alone } from './lock.mjs';
import { checkGo } from './machine.mjs';
import { step } from './progress.mjs';
import { pushFolder } from './registry-push.mjs';

/**
 * @typedef {{ image: string, version: string, programs: string }} Database image: by digest, in the registry of the sandbox;
 *   programs: a folder for PATH with the same programs for this machine
 */

/**
 * Gets all of it, as far as it is not there. Can run twice at once, and needs a sandbox that is up.
 *
 * @returns {Promise<{ postgres: Database, redis: Database, versitygw: string }>} versitygw: the path of the program
 */
export async function getData() {
  if (missing(['versitygw']).length > 0) checkGo();
  await build(['versitygw']);
  return alone(join(cache, 'data-lock'), async () => ({
    postgres: await database('postgres'), redis: await database('redis'), versitygw: program('versitygw', 'versitygw'),
  }));
}

/** @param {import('./database-images.mjs').ImageName} name @returns {Promise<Database>} */
async function database(name) {
  const { folder, version, major, programs } = await madeImage(name);
  const image = await step('push', name, () => pushFolder(folder, { registry, repository: `sandbox/${name}`, tag: major }));
  return { image, version, programs };
}
