// What a shell needs to use the sandbox, as lines for eval.
import { existsSync, readFileSync } from 'node:fs';
import { basename, delimiter } from 'node:path';
import { builder, paths, registry, registryAuth, registryUser } from './layout.mjs';
import { alive } from './process.mjs';

/** PATH with our programs first; npm's additions for its scripts do not belong into a shell. @param {NodeJS.ProcessEnv} environment */
export function pathWithOurs(environment) {
  const byNpm = (/** @type {string} */ folder) =>
    environment.npm_lifecycle_event !== undefined && (folder.endsWith('/node_modules/.bin') || basename(folder) === 'node-gyp-bin');
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== paths.bin && !byNpm(folder));
  return [paths.bin, ...folders].join(delimiter);
}

/** The variables of the sandbox that is up. @returns {Record<string, string>} */
export function environment() {
  if (!existsSync(paths.kubeconfig) || !alive('kube-apiserver')) throw new Error('The sandbox is not up: npm run sandbox up');
  return {
    PATH: pathWithOurs(process.env),
    KUBECONFIG: paths.kubeconfig,
    REGISTRY: registry,
    REGISTRY_AUTH: registryAuth,
    REGISTRY_AUTH_USERNAME: registryUser,
    REGISTRY_AUTH_PASSWORD: readFileSync(paths.registryPassword, 'utf8').trim(),
    BUILDER: builder,
    DOCKER_CONFIG: paths.dockerConfig,
  };
}

/** @param {Record<string, string>} variables */
export function shellLines(variables) {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`)
    .join('');
}
