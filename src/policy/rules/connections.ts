import type { CountOrVariable } from '../../config/values/connections.js';
import type { Autoscaler, PolicyFacts } from '../input.js';
import type { Container, Workload } from '../objects/container.js';
import { at, numberOf, textOf } from '../objects/read.js';
import { environmentOf } from '../objects/variables.js';
import type { Found, Rule, RuleInput } from '../rule.js';

export const connections: Rule = {
  fix: 'Lower the pool, the maximum number of replicas or `maxSurge`, put a connection pooler in between, or raise the limit of the database.',
  check: (input) => (input.settings.connections ? check(input, input.settings.connections) : []),
};

type Budget = NonNullable<RuleInput['settings']['connections']>;

function check({ workloads, facts }: RuleInput, budget: Budget): Found[] {
  const live = workloads.filter(({ object }) => object.origin.kind === 'cluster');
  const users = live.flatMap((workload) => usersOf(workload, budget, facts));
  const unclear = users.filter((user) => typeof user.each !== 'number').map(({ workload, why = '' }): Found => ({
    subject: workload.object.subject, object: workload.object, isUncertain: true,
    message: `The connections of ${workload.object.subject} cannot be counted: ${why}.`, fix: 'Set the variable to a number in the pod template, or set `policy.connections.pool` to a number.',
  }));
  const counted = users.flatMap(({ workload, each, why }) => (typeof each === 'number' ? [{ ...podsOf(workload, facts.autoscalers ?? []), workload, each, why }] : []));
  const total = counted.reduce((sum, { pods, surge, each }) => sum + (pods + surge) * each, 0);
  if (total <= budget.limit) return unclear;
  const parts = counted.map(({ workload, pods, surge, each, by }) => `${workload.object.subject} (${pods}${by === undefined ? '' : ` by ${by}`} + ${surge} of a rollout) × ${each}`);
  // With several workloads, no single one is at fault.
  const [only, ...others] = counted;
  const subject = only && others.length === 0 ? only.workload.object.subject : 'connections';
  return [...unclear, { subject, item: 'limit', message: `The pods can open ${total} connections to the database, and the limit is ${budget.limit}: ${parts.join(', ')}.` }];
}

interface Uses {
  readonly workload: Workload;
  /** Connections of one pod; undefined if a variable has no number. */
  readonly each?: number;
  readonly why?: string;
}

/** What the pods of a workload use; empty if they have no such variable. */
function usersOf(workload: Workload, { pool, processes }: Budget, { sources }: PolicyFacts): Uses[] {
  const apps = workload.containers.filter(({ role, isDeployed }) => role !== 'init' && (isDeployed || typeof pool !== 'number'));
  const counts = apps.flatMap((container) => {
    const read = (of: CountOrVariable): Count => countOf(of, container, sources);
    const [ofPool, ofProcesses] = [read(pool), read(processes)];
    return ofPool.state === 'absent' ? [] : [[ofPool, ofProcesses] as const];
  });
  if (counts.length === 0) return [];
  const unclear = counts.flat().find(({ state }) => state !== 'known');
  if (unclear) return [{ workload, why: unclear.why }];
  return [{ workload, each: counts.reduce((sum, [a, b]) => sum + (a.value ?? 0) * (b.value ?? 0), 0) }];
}

interface Count {
  readonly state: 'known' | 'absent' | 'unclear';
  readonly value?: number;
  readonly why?: string;
}

function countOf(of: CountOrVariable, container: Container, sources: PolicyFacts['sources']): Count {
  if (typeof of === 'number') return { state: 'known', value: of };
  const { variables, unknown } = environmentOf(container, sources);
  const found = variables.get(of.variable);
  if (!found) {
    return unknown.length === 0 ? { state: 'absent', why: `container ${container.name} has no variable ${of.variable}` }
      : { state: 'unclear', why: `${unknown.join(' and ')} may set ${of.variable}, and could not be read` };
  }
  const isNumber = found.value !== undefined && /^\d{1,6}$/.test(found.value.trim());
  return isNumber ? { state: 'known', value: Number(found.value) } : { state: 'unclear', why: `${of.variable} of container ${container.name} ${found.value === undefined ? `comes from ${found.from ?? 'another variable'}` : 'is not a number'}` };
}

interface Pods {
  readonly pods: number;
  /** Pods that a rollout has in addition. */
  readonly surge: number;
  /** The autoscaler that decides. */
  readonly by?: string;
}

/** The most pods of a workload. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-surge */
function podsOf({ object, kind }: Workload, autoscalers: readonly Autoscaler[]): Pods {
  const spec = at(object.object, 'spec');
  if (kind === 'DaemonSet') {
    const nodes = numberOf(at(object.object, 'status', 'desiredNumberScheduled')) ?? 0;
    return { pods: nodes, surge: shareOf(at(spec, 'updateStrategy', 'rollingUpdate', 'maxSurge') ?? 0, nodes) };
  }
  if (kind === 'CronJob') return { pods: numberOf(at(spec, 'jobTemplate', 'spec', 'parallelism')) ?? 1, surge: 0 };
  const scaler = autoscalers.find(({ target }) => target === object.subject);
  const pods = scaler ? scaler.maxReplicas : numberOf(at(spec, 'replicas')) ?? 1;
  // A StatefulSet replaces its pods one by one, without any in addition.
  const surges = kind === 'Deployment' && textOf(at(spec, 'strategy', 'type')) !== 'Recreate';
  return { pods, surge: surges ? shareOf(at(spec, 'strategy', 'rollingUpdate', 'maxSurge') ?? '25%', pods) : 0, by: scaler && `autoscaler ${scaler.name}` };
}

/** A number of pods, or a share of them, rounded up. */
function shareOf(value: unknown, of: number): number {
  const [, percent] = /^(\d{1,3})%$/.exec(textOf(value) ?? '') ?? [];
  return percent === undefined ? numberOf(value) ?? 0 : Math.ceil((Number(percent) / 100) * of);
}
