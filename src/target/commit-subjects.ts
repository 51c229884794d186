import type { Ports } from '../ports/ports.js';

const withinMs = 5000;
/** The unit separator: no message has one. */
const separator = '\u001f';

/** Commit → first line of its message, as far as the checkout has these commits. Nothing depends on it, so it does not fail. */
export async function subjectsOf({ process }: Pick<Ports, 'process'>, commits: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const shas = commits.filter((commit) => /^[0-9a-f]{40,64}$/.test(commit));
  if (shas.length === 0) return new Map();
  const args = ['log', '--no-walk=unsorted', '--ignore-missing', `--format=%H${separator}%s`, ...shas, '--'];
  const said = await process.run({ program: 'git', args, timeoutMs: withinMs }).then(({ code, stdout }) => (code === 0 ? stdout : ''), () => '');
  return new Map(said.split('\n').flatMap((line) => {
    const [commit = '', subject = ''] = line.split(separator);
    return subject === '' ? [] : [[commit, subject] as const];
  }));
}
