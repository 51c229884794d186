import type { Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import type { Wanted } from '../target.js';
import type { ImageChange } from './image-change.js';
import { refText } from './resolve.js';
import { templateOf } from '../../kubernetes/observe/workload.js';
import { readArchitectures, checkPlatforms } from '../../kubernetes/preflight/platforms.js';
import { checkQuota } from '../../kubernetes/preflight/quota.js';
import { checkSmoke } from '../../check/smoke/preflight.js';
import { checkPullLogin } from '../../kubernetes/preflight/pull-login.js';
import { checkPullSecret } from '../../kubernetes/preflight/pull-secret.js';
import { nothingFound, together, type Checked } from '../../outcome/finding.js';
import { checkReferences, readReferences, referencesOf, type ReferencedObjects } from '../../kubernetes/preflight/references.js';
import { adviceOnPreStop, losing, neverEnding } from '../../kubernetes/preflight/strategy.js';
import { digestOfBuild } from '../../outcome/plan.js';
import { foresee, describeRewriting } from './rewritten.js';
import { checkStuck } from '../../kubernetes/preflight/stuck.js';
import { replacedImages } from './before-change.js';
import { warnOfFenced } from './fenced.js';
import { lookOnce } from '../../kubernetes/observe/watching.js';
import { unhealthiness } from '../../kubernetes/judge/health.js';
import { uidOf, type Workload } from '../../kubernetes/client/objects.js';

/** What a preflight found, and what it has read that others can use. */
export interface Looked extends Checked {
  readonly referenced: ReferencedObjects;
}

/** Everything that can be known to fail before anything is changed, checked in parallel. */
export async function preflight(given: Given, facts: ClusterFacts, wanted: Wanted, changes: readonly ImageChange[]): Promise<Looked> {
  const { reference, platforms, isPushed } = wanted;
  const { config, ports } = given;
  const signal = ports.cancelled;
  const { cluster } = facts;
  const present = facts.found.flatMap(({ ref, workload }) =>
    (workload ? [{ ref: refText(ref), kind: ref.kind, workload, template: templateOf(ref.kind, workload) }] : []));
  const [nodes, referenced, quota, ...others] = await Promise.all([
    readArchitectures(cluster.api, signal),
    readReferences(cluster.api, cluster.namespace, present.flatMap(({ template }) => referencesOf(template)), signal),
    checkQuota(cluster.api, cluster.namespace, { app: config.app, workloads: present, targets: changes }, signal),
    checkSmoke({ ports, cluster, services: facts.services, present }, config.smoke),
    ...present.map((each) => (isPushed ? checkPullSecret(ports, cluster.api, cluster.namespace, each, reference) : nothingFound)),
    ...present.map((each) => checkPullLogin(ports, cluster, each, reference)),
    checkChange(given, facts, changes),
  ]);
  const found = together([
    quota, ...others,
    ...present.map(({ ref, template }) => checkReferences(cluster.namespace, ref, template, referenced)),
    ...present.map(({ ref, template }) => checkPlatforms(ref, template, platforms, nodes)),
    {
      problems: present.flatMap(({ ref, workload }) => neverEnding(ref, workload, config.timeoutMs)),
      warnings: config.advice ? advise(given, facts, present) : [],
    },
  ]);
  return { ...found, referenced };
}

type Present = readonly { readonly ref: string; readonly workload: Workload }[];

/** @returns the advice to show as warnings */
function advise({ config, ports }: Given, { ledger, services }: ClusterFacts, present: Present): string[] {
  // The pod template does not show whether it applies, so it is shown once and not in every run.
  const recorded = new Set((ledger?.releases ?? []).flatMap(({ contents }) => contents.map(({ subject }) => subject)));
  const onPreStop = adviceOnPreStop(present.filter(({ ref }) => config.dryRun || !recorded.has(ref)), services);
  if (onPreStop) ports.log.info(onPreStop);
  const probes = config.policy.levels.probes === 'off' ? 'included' : 'left out';
  return present.flatMap(({ ref, workload }) => losing(ref, workload, services, probes));
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
  return together([{ problems: replacedImages(foreseen), warnings: [...describeRewriting(foreseen), ...warnOfFenced(found)] }, ...stuck]);
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

