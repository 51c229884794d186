import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { tryJson } from '../ports/json.js';
import type { Ports } from '../ports/ports.js';

const manifest = v.object({ version: v.string() });

/**
 * `deploy-action 1.0.0 (5e94acd)`. The commit is that of the clone; an installed package has none, and is not mistaken for a part
 * of the repository that it is installed in.
 * @param folder of dist/
 */
export async function versionLine({ files, process }: Pick<Ports, 'files' | 'process'>, folder: string): Promise<string> {
  const root = dirname(folder);
  const version = tryJson(await files.readText(join(root, 'package.json')).catch(() => undefined) ?? '', manifest)?.version ?? 'of an unknown version';
  const ask = (...args: readonly string[]): Promise<string> =>
    process.run({ program: 'git', args: ['-C', root, 'rev-parse', ...args] }).then(({ code, stdout }) => (code === 0 ? stdout.trim() : ''), () => '');
  const [top, commit] = await Promise.all([ask('--show-toplevel'), ask('--short', 'HEAD')]);
  return `deploy-action ${version}${commit !== '' && top === await files.realPath(root) ? ` (${commit})` : ''}`;
}
