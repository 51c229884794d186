import type { Config } from './config.js';

/** The names in the settings: they are not secret, and appear in the outputs and in what is to be applied by hand. */
export function namesIn({ app, environment, image, digest, tags = [], login, cluster, workloads }: Config): readonly string[] {
  return [
    app, environment, image, digest, ...tags, login?.registry, cluster.context, cluster.namespace,
    ...workloads.flatMap(({ kind, name, container }) => [`${kind}/${name}`, name, container]),
  ].filter((name) => name !== undefined);
}
