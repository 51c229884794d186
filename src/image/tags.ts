/** Which tags an image gets, and when. */
export interface TagChoice {
  /** Names of this commit. Pushed by the build, and again by a second run of the same commit. */
  readonly commit: readonly string[];
  /** Versions. Set after the image is pushed, and never moved to another digest. */
  readonly version: readonly string[];
  /** All other tags, such as `latest` or a branch. Moved only after a successful verdict. */
  readonly mutable: readonly string[];
  /** The tag that is deployed, as `name:tag@digest`: the first commit tag, or the first version. */
  readonly deployed: string;
}

export interface TagRequest {
  /** As given by the user; undefined: the commit, and `latest` on the default branch. */
  readonly tags?: readonly string[];
  /** The full sha of the commit; a suffix after a dash marks an image that differs from that commit. */
  readonly commit: string;
  /** Another commit that the run knows: a tag with its sha is a commit tag too. */
  readonly otherCommit?: string;
  readonly onDefaultBranch: boolean;
  /** The builder cannot push by digest: a tag of the commit is pushed, even if only versions were asked for. */
  readonly pushesByTag?: boolean;
}

export type TagKind = 'commit' | 'version' | 'mutable';

/**
 * Sorts the tags of a run by whether they can move. If none of them identifies this build, the sha of the commit is
 * added, so there is always a tag to deploy.
 */
export function chooseTags(request: TagRequest): TagChoice {
  const asked = [...new Set(request.tags ?? (request.onDefaultBranch ? [request.commit, 'latest'] : [request.commit]))];
  const commits = [request.commit, ...(request.otherCommit === undefined ? [] : [request.otherCommit])];
  const kindOf = (tag: string): TagKind => {
    const kinds = commits.map((commit) => tagKind(tag, commit));
    return kinds.find((kind) => kind !== 'mutable') ?? 'mutable';
  };
  const of = (kind: TagKind) => asked.filter((tag) => kindOf(tag) === kind);
  const [commit, version, mutable] = [of('commit'), of('version'), of('mutable')];
  const isNeeded = commit.length === 0 && (version.length === 0 || request.pushesByTag === true);
  return { commit: isNeeded ? [request.commit] : commit, version, mutable, deployed: commit[0] ?? version[0] ?? request.commit };
}

/**
 * - `commit`: holds, between `-`, `_` and `.`, the first 7 or more digits of this commit's sha (`main-1a2b3c4`), or is a
 *   whole sha-1 or sha-256 of any commit (of a pull request's head, say), or `sha-` and the hex digits of one;
 * - `version`: all three numbers of a semantic version, `1.2.3`, `v1.2.3`, `1.2.3-rc.1`, but not a `-SNAPSHOT`;
 * - `mutable`: all others, e.g. `latest`, `main`, `v1`, `1`, `1.2`.
 */
export function tagKind(tag: string, commit: string): TagKind {
  if (/^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(tag) && !/-snapshot$/i.test(tag)) return 'version';
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64}|sha-[0-9a-f]{7,64})$/.test(tag)) return 'commit';
  return tag.split(/[-_.]/).some((part) => part.length >= 7 && commit.startsWith(part)) ? 'commit' : 'mutable';
}
