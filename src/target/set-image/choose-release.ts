import { both } from '../../config/kit/checked.js';
import { workloadKinds, type Config, type WorkloadRef } from '../../config/config.js';
import { ClusterError, ConfigError } from '../../outcome/errors.js';
import { notAsOld, ofSubjects } from '../../record/history.js';
import type { Ledger, Release, Content } from '../../record/ledger.js';
import { shortReleases } from '../../record/releases.js';
import { releaseBack } from '../rows.js';
import { namedRelease } from './revisions.js';
import { ofRepository, othersUnderName, repositoriesIn, runsRepository } from '../../record/repository.js';
import { PreflightError } from '../../outcome/finding.js';
import { missingWorkload, refText, type FoundWorkload } from './resolve.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import type { ImageChange } from './image-change.js';
import type { Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import { placeWords, settingText } from '../../outcome/place-words.js';

/** The release that a rollback restores. */
export interface Chosen {
  /** With the images that earlier releases had set beside its own. */
  readonly release: Release;
  readonly changes: readonly ImageChange[];
  readonly warnings: readonly string[];
}

type Known = Pick<ClusterFacts, 'found' | 'ledger' | 'cluster'>;

/**
 * The release that `to` names, or otherwise the one before the current version. Lists the known releases in the log.
 * @throws ClusterError release-not-found when there is none; ConfigError, PreflightError when the workloads do not fit it
 */
export async function chooseRelease({ config, ports }: Pick<Given, 'config' | 'ports'>, known: Known): Promise<Chosen> {
  const { ledger, cluster } = known;
  const absent = known.found.filter(({ workload }) => !workload);
  const missing = absent.map(({ ref }) => ref);
  if (config.workloads.length > 0 && missing.length > 0) throw notThere(absent, cluster.namespace);
  const recorded = releasesOf(ledger, config.image);
  const { found, others } = ownOnly(known.found.filter(({ workload }) => workload), recorded, config);
  const now = imagesOfFound(found);
  const releases = ofSubjects(recorded, new Set(found.map(({ ref }) => refText(ref))));
  const release = await releaseBack({ config, ports }, releases, now, (to) => namedRelease(to, releases, { cluster, found }));
  if (!release) throw nothingToGoBackTo(config, releases, known, ports.clock.now());
  const warnings = [
    ...missing.map((ref) => `${refText(ref)} is part of recorded releases, but no longer exists in namespace ${cluster.namespace}: it is left out.`),
    ...others,
    ...notAsOld(releases, release).map((ref) => `${ref} is left unchanged: its version at the time of that release is not recorded.`),
  ];
  return { release, changes: changesFor(release, found, cluster.namespace), warnings };
}

const releasesOf = (ledger: Ledger | undefined, image: string | undefined): readonly Release[] =>
  (image === undefined ? ledger?.releases ?? [] : ofRepository(ledger?.releases ?? [], image));

/**
 * Every workload of the recorded releases; only those of `image`, if it is set.
 * @throws ConfigError when the record contains several repositories, and the settings do not choose one
 */
export function workloadsOf(ledger: Ledger | undefined, { app, image }: Pick<Config, 'app' | 'image'>): WorkloadRef[] {
  const repositories = image === undefined ? repositoriesIn(ledger?.releases ?? []) : [];
  if (repositories.length > 1) {
    throw new ConfigError([{
      where: 'settings', message: `do not say what to roll back: the record of ${app} contains releases of ${both(repositories)}`,
      hint: `Set ${settingText('image')} to roll back the releases of one of them, or set ${settingText('workloads')}.`,
    }]);
  }
  const refs = new Set(releasesOf(ledger, image).flatMap(({ contents }) => contents.map(({ subject }) => subject)));
  return [...refs].flatMap((ref) => {
    const [written, name = ''] = ref.split('/');
    const kind = workloadKinds.find((each) => each === written);
    return kind ? [{ kind, name }] : [];
  });
}

const notThere = (absent: readonly FoundWorkload[], namespace: string): ConfigError => new ConfigError(absent.map((each) => missingWorkload(each, namespace)));

/**
 * The workloads that run `image`, if it is set: the rollback of one app does not touch another.
 * @throws ConfigError when `workloads` names one of another repository
 */
function ownOnly(
  found: readonly FoundWorkload[], releases: readonly Release[], { image, workloads }: Config,
): { found: readonly FoundWorkload[]; others: readonly string[] } {
  if (image === undefined) return { found, others: [] };
  const strange = found.filter((each) => !imagesOfFound([each]).some((now) => runsRepository(now, image, releases)));
  const runs = (each: FoundWorkload): string => imagesOfFound([each]).map((now) => now.version).join(', ');
  if (workloads.length > 0 && strange.length > 0) {
    throw new ConfigError(strange.map((each) => ({
      where: `workload ${refText(each.ref)}`, message: `runs ${runs(each)}, but ${settingText('image')} is ${image}`,
      hint: `Set ${settingText('image')} to the image that the workload runs, or remove the workload from ${settingText('workloads')}.`,
    })));
  }
  return {
    found: found.filter((each) => !strange.includes(each)),
    others: strange.map((each) => `${refText(each.ref)} is left unchanged: it runs ${runs(each)}, not ${image}.`),
  };
}

const imagesOfFound = (found: readonly FoundWorkload[]): Content[] =>
  found.flatMap(({ ref, workload }) => (workload ? containersOf(ref.kind, workload) : []).map(({ container }) => ({
    subject: refText(ref), part: container.name ?? '', version: container.image ?? '',
  })));

function changesFor(release: Release, found: readonly FoundWorkload[], namespace: string): ImageChange[] {
  const now = imagesOfFound(found);
  const refs = [...new Set(release.contents.map(({ subject: workload }) => workload))];
  const missing = release.contents.filter((image) => !now.some((each) => each.subject === image.subject && each.part === image.part));
  if (missing.length > 0) {
    const fitting = refs.filter((ref) => !missing.some(({ subject: workload }) => workload === ref));
    const orOnly = fitting.length > 0 ? `, or name only the others in ${settingText('workloads')}: ${fitting.join(', ')}` : '';
    throw new PreflightError(missing.map(({ subject: workload, part: container }) => ({
      cause: 'not-deployable', message: `workload ${workload}: no longer has the container ${container} of the release of ${release.at} in namespace ${namespace}`,
      hint: `Deploy a commit that matches the current workloads${orOnly}.`,
    })));
  }
  return refs.flatMap((ref) => {
    const entry = found.find((each) => refText(each.ref) === ref);
    return entry?.workload ? [{
      ref, kind: entry.ref.kind, name: entry.ref.name, uid: entry.workload.metadata?.uid ?? '',
      containers: release.contents.filter((image) => image.subject === ref).map((image) => ({
        name: image.part, after: image.version, before: now.find((each) => each.subject === ref && each.part === image.part)?.version ?? '',
      })),
    }] : [];
  });
}

function nothingToGoBackTo({ app, image, to }: Config, releases: readonly Release[], { ledger, cluster }: Known, at: number): ClusterError {
  const { setting, command } = placeWords();
  const known = shortReleases(releases, at);
  const others = image === undefined ? [] : othersUnderName(ledger, image);
  const list = known.length > 0 ? `Known releases of ${app}: ${known.join(', ')}.`
    : `No release of ${others.length > 0 ? image : app} is recorded in namespace ${cluster.namespace}${others.length > 0 ? `: the record of ${app} contains releases of ${both(others)}` : ''}.`;
  const wanted = to === undefined ? 'There is no verified release to roll back to.' : `No release matches ${settingText('to', to)}.`;
  return new ClusterError('release-not-found', `${wanted} ${list}`, {
    hint: known.length === 0
      ? `Check ${setting('namespace')}, ${setting('app')} and ${setting('image')}; ${setting('app')} defaults to the last part of ${setting('image')}. A release is recorded once its deployment has been verified. An earlier digest can be deployed with ${command('rollout')}.`
      : to === undefined ? `Name a withdrawn release with ${setting('to')} to deploy it again, or deploy an earlier digest with ${command('rollout')}.`
        : `Set ${setting('to')} to the digest or the commit (at least 7 digits) of one of the known releases, or deploy an earlier digest with ${command('rollout')}.`,
  });
}
