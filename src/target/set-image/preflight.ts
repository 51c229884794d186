import type { Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import type { Wanted } from '../target.js';
import type { ImageChange } from './image-change.js';
import { refText } from './resolve.js';
import { templateOf } from '../../kubernetes/observe/workload.js';
import { readArchitectures, checkPlatforms } from '../../kubernetes/preflight/platforms.js';
import { checkQuota } from '../../kubernetes/preflight/quota.js';
import { checkSmoke } from '../../check/smoke/preflight.js';
import { checkPullSecret } from '../../kubernetes/preflight/pull-secret.js';
import { nothingFound, together, type Checked } from '../../outcome/finding.js';
import { checkReferences } from '../../kubernetes/preflight/references.js';
import { adviceOnPreStop, checkStrategy } from '../../kubernetes/preflight/strategy.js';
import { digestOfBuild } from '../../outcome/plan.js';
import { foresee, describeRewriting } from './rewritten.js';
import { checkStuck } from '../../kubernetes/preflight/stuck.js';
import { replacedImages } from './before-change.js';
import { lookOnce } from '../../kubernetes/observe/watching.js';
import { unhealthiness } from '../../kubernetes/observe/health.js';
import { uidOf } from '../../kubernetes/client/objects.js';

/** Everything that can be known to fail before anything is changed, checked in parallel. */
export async function preflight(given: Given, facts: ClusterFacts, wanted: Wanted, changes: readonly ImageChange[]): Promise<Checked> {
  const { reference, platforms, isPushed } = wanted;
  const { config, ports } = given;
  const signal = ports.cancelled;
  const { cluster } = facts;
  const present = facts.found.flatMap(({ ref, workload }) =>
    (workload ? [{ ref: refText(ref), kind: ref.kind, workload, template: templateOf(ref.kind, workload) }] : []));
  const [nodes, quota, ...others] = await Promise.all([
    readArchitectures(cluster.api, signal),
    checkQuota(cluster.api, cluster.namespace, { app: config.app, workloads: present, targets: changes }, signal),
    checkSmoke({ ports, cluster, services: facts.services, present }, config.smoke),
    ...present.map((each) => (isPushed ? checkPullSecret(ports, cluster.api, cluster.namespace, each, reference) : nothingFound)),
    checkChange(given, facts, changes),
    ...present.map(({ ref, template }) => checkReferences(cluster.api, cluster.namespace, ref, template, signal)),
  ]);
  const advice = adviceOnPreStop(present, facts.services);
  if (advice) ports.log.info(advice);
  return together([
    quota, ...others,
    ...present.map(({ ref, template }) => checkPlatforms(ref, template, platforms, nodes)),
    ...present.map(({ ref, workload }) => checkStrategy(ref, workload, facts.services, config.timeoutMs)),
  ]);
}

/** Consequences of the change: images that admission rewrites, and pods that have to be deleted for it. */
export async function checkChange({ ports: { cancelled, clock } }: Given, { cluster, found }: ClusterFacts, changes: readonly ImageChange[]): Promise<Checked> {
  const workloads = new Map(found.map(({ ref, workload }) => [refText(ref), { kind: ref.kind, workload }] as const));
  const known = changes.filter(({ containers }) => containers.every(({ after }) => !after.includes(digestOfBuild)));
  const [foreseen, ...stuck] = await Promise.all([
    foresee(cluster, known, known.map(({ ref }) => workloads.get(ref)?.workload), cancelled),
    ...changes.map(async ({ ref, kind }) => {
      const workload = workloads.get(ref)?.workload;
      return workload ? checkStuck(cluster.api, cluster.namespace, { ref, kind, workload }, clock.now(), cancelled) : nothingFound;
    }),
  ]);
  return together([{ problems: replacedImages(foreseen), warnings: describeRewriting(foreseen) }, ...stuck]);
}

/**
 * Why workloads are not healthy at this moment, by the same rule as before the change of a run:
 * `deployment/api` → `2 of 3 pods available`. Empty unless it is a dry run, which needs it for the plan of its rollback.
 */
export async function unhealthyNow({ config, ports }: Pick<Given, 'config' | 'ports'>, { cluster, found }: Pick<ClusterFacts, 'cluster' | 'found'>): Promise<Map<string, string>> {
  const present = found.flatMap(({ ref, workload }) => (workload ? [{ ref, workload }] : []));
  if (!config.dryRun || present.length === 0) return new Map();
  const world = await lookOnce(cluster, ports.clock, new Set(present.map(({ ref }) => ref.kind)), present.map(({ workload }) => workload), ports.cancelled);
  return new Map(present.flatMap(({ ref, workload }) => {
    const why = unhealthiness(world.view({ ref: refText(ref), kind: ref.kind, name: ref.name, uid: uidOf(workload), containers: [] }));
    return why === undefined ? [] : [[refText(ref), why] as const];
  }));
}

