import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../docs/pages.js';
import { stub } from './act.js';

/** Folders with an action.yml. */
const folders = ['.', 'build', 'rollout', 'rollback', 'pr-check', 'backup', 'restore', 'deploy', 'setup', 'all'];

/**
 * This repository as a consumer gets it, and stand-ins for the actions of others. act does not know `$/`, this repository at the
 * commit of the file: there it names the version that the consumer named (https://github.com/nektos/act/issues/6189). It does not know
 * environments without deployments either, and models no environments at all.
 *
 * @param folder to write it to
 * @returns what `runAct` takes as `actions`
 */
export function published(folder: string): Readonly<Record<string, string>> {
  const own = join(folder, 'deploy-action');
  for (const action of folders) mkdirSync(join(own, action), { recursive: true });
  cpSync(join(root, 'dist'), join(own, 'dist'), { recursive: true });
  mkdirSync(join(own, '.github', 'workflows'), { recursive: true });
  const workflows = readdirSync(join(root, '.github', 'workflows')).map((name) => join('.github', 'workflows', name));
  const others = new Set<string>();
  for (const path of [...folders.map((action) => join(action, 'action.yml')), ...workflows]) {
    const text = readFileSync(join(root, path), 'utf8');
    writeFileSync(join(own, path), text.replaceAll(/uses: \$\/(\S+)/g, 'uses: acci/deploy-action/$1@v1').replaceAll(/^ +deployment: false\n/gm, ''));
    for (const [, action = ''] of text.matchAll(/uses: ([\w-]+\/[\w./-]+@[0-9a-f]{40})/g)) others.add(action);
  }
  const stubs = [...others, 'actions/checkout@v6'].map((action) => [action, stub(join(folder, action.replaceAll(/[^\w.-]/g, '-')))]);
  return { 'acci/deploy-action@v1': own, ...Object.fromEntries(stubs) };
}
