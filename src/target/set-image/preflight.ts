import type { Config } from '../../config/config.js';
import { uidOf } from '../../kubernetes/client/objects.js';
import { causes } from '../../outcome/causes.js';
import { templateOf } from '../../kubernetes/observe/workload.js';
import type { ImageChange } from './image-change.js';
import { refText } from './resolve.js';
import { unhealthiness } from '../../kubernetes/observe/health.js';
import { lookOnce } from '../../kubernetes/observe/watching.js';
import { checkPullSecret } from '../../kubernetes/preflight/pull-secret.js';
import { nothingFound, together, type Checked } from '../../outcome/finding.js';
import { checkPlatforms, readArchitectures } from '../../kubernetes/preflight/platforms.js';
import { checkQuota } from '../../kubernetes/preflight/quota.js';
import { checkReferences } from '../../kubernetes/preflight/references.js';
import { checkSmoke } from '../../check/smoke/preflight.js';
import { adviceOnPreStop, checkStrategy } from '../../kubernetes/preflight/strategy.js';
import { checkStuck } from '../../kubernetes/preflight/stuck.js';
import { describeRewriting, foresee } from './rewritten.js';
import { replacedImages } from './before-change.js';
import { digestOfBuild } from '../../workflow/plan.js';
import type { ClusterFacts } from './cluster-facts.js';
import type { ImageFacts } from '../../workflow/image-stages.js';
import type { Run } from '../../workflow/run.js';

/** Everything that can be known to fail before anything is changed, looked at side by side. */
export async function preflight(run: Run, facts: ClusterFacts, image: ImageFacts | undefined, targets: readonly ImageChange[]): Promise<Checked> {
  const signal = run.ports.cancelled;
  const { cluster } = facts;
  const { config } = run;
  const present = facts.found.flatMap(({ ref, workload }) =>
    (workload ? [{ ref: refText(ref), kind: ref.kind, workload, template: templateOf(ref.kind, workload) }] : []));
  const platforms = image?.build?.platforms ?? (image?.existing?.state === 'present' ? image.existing.platforms : []);
  // Also where the runner itself was refused: the nodes have logins of their own.
  const readable = image?.existing?.state === 'present' || image?.existing?.state === 'denied';
  const reference = readable ? `${config.image}@${config.digest}` : undefined;
  const [nodes, quota, ...others] = await Promise.all([
    readArchitectures(cluster.api, signal),
    checkQuota(cluster.api, cluster.namespace, { app: config.app, workloads: present, targets }, signal),
    checkSmoke({ ports: run.ports, cluster, services: facts.services, present }, config.smoke),
    ...present.map((each) => (reference === undefined ? nothingFound : checkPullSecret(run.ports, cluster.api, cluster.namespace, each, reference))),
    checkChange(run, facts, targets),
    ...present.map(({ ref, template }) => checkReferences(cluster.api, cluster.namespace, ref, template, signal)),
  ]);
  const advice = adviceOnPreStop(present, facts.services);
  if (advice) run.ports.log.info(advice);
  return together([
    imageCheck(image, run),
    quota, ...others,
    ...present.map(({ ref, template }) => checkPlatforms(ref, template, platforms, nodes)),
    ...present.map(({ ref, workload }) => checkStrategy(ref, workload, facts.services, run.config.timeoutMs)),
  ]);
}

/** What the change of the workloads comes to: images that admission rewrites, and pods that have to be deleted for it. */
export async function checkChange({ ports: { cancelled, clock } }: Run, { cluster, found }: ClusterFacts, targets: readonly ImageChange[]): Promise<Checked> {
  const workloads = new Map(found.map(({ ref, workload }) => [refText(ref), { kind: ref.kind, workload }] as const));
  const known = targets.filter(({ containers }) => containers.every(({ after }) => !after.includes(digestOfBuild)));
  const [foreseen, ...stuck] = await Promise.all([
    foresee(cluster, known, known.map(({ ref }) => workloads.get(ref)?.workload), cancelled),
    ...targets.map(async ({ ref, kind }) => {
      const workload = workloads.get(ref)?.workload;
      return workload ? checkStuck(cluster.api, cluster.namespace, { ref, kind, workload }, clock.now(), cancelled) : nothingFound;
    }),
  ]);
  return together([{ problems: replacedImages(foreseen), warnings: describeRewriting(foreseen) }, ...stuck]);
}

const giveLogin = 'Give `registry-username` and `registry-password`';

/** Of what is private, some registries say to whoever has no login that it does not exist. */
export const unlessPrivate = ({ login }: Config): string => (login ? '' : `${giveLogin} if the repository is private: some registries say that it does not exist to whoever has no login. `);

/** What the registry says of an image that is to be deployed as it is. */
export function imageCheck(image: Pick<ImageFacts, 'existing'> | undefined, { config }: Pick<Run, 'config'>): Checked {
  const name = `${config.image}@${config.digest}`;
  switch (image?.existing?.state) {
    case 'absent':
      return { warnings: [], problems: [{ cause: 'image-not-found', message: `${name} is not in the registry.`, hint: `${unlessPrivate(config)}${causes['image-not-found'].hint}` }] };
    case 'denied':
      return { problems: [], warnings: [
        `The runner may not read ${name} in the registry, so that only the nodes will show whether it exists${config.login ? `: ${image.existing.reason}` : `. ${giveLogin} to have it checked beforehand.`}`,
      ] };
    case 'unreachable':
      return { problems: [], warnings: [`The registry could not be asked for ${name}, so that only the nodes will show whether it exists: ${image.existing.reason}`] };
    default:
      return { problems: [], warnings: [] };
  }
}

/**
 * Why workloads are not healthy at this moment, by the same rule as when the run records what is there before its change:
 * `deployment/api` → `2 of 3 pods available`. Only a dry run says what its rollback would do, so nothing is read for any other.
 */
export async function unhealthyNow({ config, ports }: Pick<Run, 'config' | 'ports'>, { cluster, found }: Pick<ClusterFacts, 'cluster' | 'found'>): Promise<Map<string, string>> {
  const present = found.flatMap(({ ref, workload }) => (workload ? [{ ref, workload }] : []));
  if (!config.dryRun || present.length === 0) return new Map();
  const world = await lookOnce(cluster, ports.clock, new Set(present.map(({ ref }) => ref.kind)), present.map(({ workload }) => workload), ports.cancelled);
  return new Map(present.flatMap(({ ref, workload }) => {
    const why = unhealthiness(world.view({ ref: refText(ref), kind: ref.kind, name: ref.name, uid: uidOf(workload), containers: [] }));
    return why === undefined ? [] : [[refText(ref), why] as const];
  }));
}

