import { isAbsolute, join } from 'node:path';
import { Document } from 'yaml';
import type { ClusterConfig } from '../../config/config.js';
import { editableKubeconfig, readKubeconfigDocuments } from '../../config/kubeconfig-documents.js';
import type { Ports } from '../../ports/ports.js';
import { pathsOf, type NamedPath } from './kubeconfig-paths.js';
import type { Env, KubeconfigFile } from './kubeconfig.js';

/** Arguments and environment with which every kubectl of a run connects to the same cluster. */
export interface Access {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The workspace: relative paths in a kubeconfig that was given as content are looked up there. */
export const workspaceOf = (env: Env): string => env['GITHUB_WORKSPACE'] || '.';

/** Writes a kubeconfig that was given as content to a private file in `folder`; a path is used where it is. */
export async function writeAccess({ kubeconfig, context }: ClusterConfig, ports: Pick<Ports, 'files' | 'env' | 'log'>, folder: string): Promise<Access> {
  const env: Record<string, string> = {};
  if (kubeconfig && 'path' in kubeconfig) env.KUBECONFIG = kubeconfig.path;
  if (kubeconfig && 'content' in kubeconfig) {
    env.KUBECONFIG = `${folder}/kubeconfig`;
    await ports.files.writeText(env.KUBECONFIG, await withFilesOfWorkspace(kubeconfig.content, ports), 0o600);
  }
  return { args: context ? [`--context=${context}`] : [], env };
}

/**
 * Makes relative paths to files of the workspace absolute: kubectl looks for them beside the kubeconfig, which is in a
 * private folder. Other paths stay as they are.
 */
async function withFilesOfWorkspace(content: string, { files, env, log }: Pick<Ports, 'files' | 'env' | 'log'>): Promise<string> {
  const { value } = readKubeconfigDocuments(content);
  if (typeof value !== 'object' || value === null) return content;
  const relative = pathsOf(value as KubeconfigFile).filter(({ path }) => !isAbsolute(path));
  const found: { readonly path: string; readonly at: NamedPath['at']; readonly place: string }[] = [];
  for (const { path, at } of relative) {
    const there = join(workspaceOf(env), path);
    if ((await files.readText(there).catch(() => undefined)) === undefined) continue;
    found.push({ path, at, place: isAbsolute(there) ? there : join(files.workingDirectory, there) });
  }
  const document = found.length > 0 ? editableKubeconfig(content) : undefined;
  if (!document) return content;
  log.info(`The kubeconfig names ${found.map(({ path }) => path).join(', ')}: read from the workspace`);
  try {
    for (const { at, place } of found) document.setIn(at, place);
    return document.toString();
  } catch {
    // What is behind an alias, or given twice, cannot be changed in place: here every place gets a value of its own.
    const plain = new Document(value, { aliasDuplicateObjects: false });
    for (const { at, place } of found) plain.setIn(at, place);
    return JSON.stringify(plain);
  }
}
