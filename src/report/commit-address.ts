/** Where GitHub shows a commit of the repository of a run; undefined for a run elsewhere, or a commit that is not a whole sha. */
export function commitAddress(commit: string, runUrl = ''): string | undefined {
  const [, repository] = /^(https:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+)\/actions\/runs\/\d+/.exec(runUrl) ?? [];
  return repository !== undefined && /^[0-9a-f]{40,64}$/.test(commit) ? `${repository}/commit/${commit}` : undefined;
}
