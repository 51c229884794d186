import type { Ports } from '../../ports/ports.js';

/** The path of a program as a shell would find it. */
export async function onPath(program: string, { env, files }: Pick<Ports, 'env' | 'files'>): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(':')) {
    if (folder !== '' && (await files.isExecutable(`${folder}/${program}`))) return `${folder}/${program}`;
  }
  return undefined;
}
