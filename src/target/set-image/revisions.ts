import { type Release, sameContents } from '../../record/ledger.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { type FoundWorkload, refText } from './resolve.js';
import { releaseNameType } from '../../config/values/release-name.js';
import { ConfigError, ClusterError } from '../../outcome/errors.js';
import { type List, type ReplicaSet, controllerOf, uidOf, revisionOf, type Workload } from '../../kubernetes/client/objects.js';
import { apiPath, resources, workloadResource } from '../../kubernetes/client/resources.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import { type ImageChange, contentsOf } from './image-change.js';
import { placeWords, settingText } from '../../outcome/place-words.js';

/** On a workload: the image that was last verified on it. Kubernetes copies it to the ReplicaSet of that image. */
export const verifiedAnnotation = 'deploy-action/verified';

/**
 * The release that `to` names: a commit or a digest of the record, or a revision of the one Deployment of the run.
 * @returns undefined when none matches
 */
export async function namedRelease(
  to: string, releases: readonly Release[], facts: { readonly cluster: Cluster; readonly found: readonly FoundWorkload[] },
): Promise<Release | undefined> {
  const type = releaseNameType(to);
  if (type === 'digest') return releases.find((release) => release.contents.some((each) => each.version.endsWith(`@${to}`)));
  if (type === 'revision') return revision(Number(to), releases, facts);
  // A list shows the first digits of a commit, and those of a digest where there is no commit.
  return releases.find((release) => release.commit?.startsWith(to)) ?? releases.find((release) => release.contents.some((each) => each.version.includes(`@sha256:${to}`)));
}

async function revision(
  number: number, releases: readonly Release[], { cluster, found }: { readonly cluster: Cluster; readonly found: readonly FoundWorkload[] },
): Promise<Release | undefined> {
  const [only, ...others] = found;
  if (!only || others.length > 0 || only.ref.kind !== 'deployment') {
    throw new ConfigError([{ where: placeWords().given('to'), message: `${number} is a revision, and each Deployment counts its own revisions`, hint: `Name one Deployment in ${settingText('workloads')}, or set ${settingText('to')} to a commit or a digest.` }]);
  }
  const sets = await cluster.api.get<List<ReplicaSet>>(apiPath(resources.replicasets, cluster.namespace));
  const own = (sets.items ?? []).filter((each) => controllerOf(each) === uidOf(only.workload ?? {}));
  const set = own.find((each) => revisionOf(each) === number);
  if (!set) {
    const known = own.map(revisionOf).sort((a, b) => a - b).join(', ');
    throw new ClusterError('release-not-found', `${refText(only.ref)} has no revision ${number}; it has ${known || 'none'}.`, {
      hint: 'Kubernetes keeps `revisionHistoryLimit` revisions. Choose one of these, or a commit or a digest of a recorded release.',
    });
  }
  const template = set.spec?.template;
  const contents = containersOf('deployment', { spec: { template } }).map(({ container }) => ({ subject: refText(only.ref), part: container.name ?? '', version: container.image ?? '' }));
  const recorded = releases.find((known) => sameContents(known.contents, contents));
  const verified = contents.some((each) => each.version === set.metadata?.annotations?.[verifiedAnnotation]);
  return recorded ?? { reference: contents[0]?.version ?? '', at: set.metadata?.creationTimestamp ?? '', verified, contents };
}

/** Annotates each workload with the image that was verified on it. Errors are ignored. */
export async function annotateVerified(cluster: Cluster, changes: readonly ImageChange[]): Promise<void> {
  await Promise.all(contentsOf(changes, 'after').filter((each, index, all) => all.findIndex((other) => other.subject === each.subject) === index).map(async ({ subject: workload, version: image }) => {
    const change = changes.find((each) => each.ref === workload);
    if (!change) return;
    const body = { metadata: { annotations: { [verifiedAnnotation]: image } } };
    await cluster.api.send<Workload>('PATCH', apiPath(workloadResource[change.kind], cluster.namespace, change.name), body, { contentType: 'application/merge-patch+json' }).catch(() => undefined);
  }));
}
