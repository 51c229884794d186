import type { Service, Workload } from '../client/objects.js';
import { selects } from '../observe/selector.js';
import { desiredReplicas } from '../observe/workload.js';
import type { Finding } from '../../outcome/finding.js';
import { settingText } from '../../outcome/place-words.js';

/** Strategies with which the rollout can never finish. */
export function neverEnding(ref: string, workload: Workload, timeoutMs: number): Finding[] {
  const { spec } = workload;
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const steadySeconds = spec?.minReadySeconds ?? 0;
  const problems: Finding[] = [];
  if (partition > 0 && partition >= desiredReplicas(workload)) {
    problems.push({
      cause: 'not-deployable', message: `${ref} has partition ${partition} and ${desiredReplicas(workload)} replicas: none of its pods would get the new image.`,
      hint: 'Lower spec.updateStrategy.rollingUpdate.partition below the number of replicas.',
    });
  }
  if (steadySeconds * 1000 >= timeoutMs) {
    problems.push({
      cause: 'not-deployable', message: `${ref} has minReadySeconds ${steadySeconds}, and ${settingText('timeout')} is ${timeoutMs / 1000} s: the rollout could never finish in time.`,
      hint: `Raise ${settingText('timeout')}, or lower spec.minReadySeconds.`,
    });
  }
  return problems;
}

/**
 * Advice: why a successful rollout may lose requests. https://kubernetes.io/docs/tutorials/services/pods-and-endpoint-termination-flow/
 * @param probes whether missing ones are among it, or reported by a policy rule
 */
export function losing(ref: string, workload: Workload, services: readonly Service[], probes: 'included' | 'left out' = 'included'): string[] {
  const template = workload.spec?.template;
  if (!services.some((service) => selects(service, template?.metadata?.labels))) return [];
  const warnings: string[] = [];
  if (workload.spec?.strategy?.type === 'Recreate') warnings.push(`${ref} has the strategy Recreate: it serves no requests during the rollout.`);
  const serving = (template?.spec?.containers ?? []).filter((container) => (container.ports ?? []).length > 0);
  const unprobed = serving.filter((container) => !container.readinessProbe).map((container) => container.name);
  if (unprobed.length > 0 && probes === 'included') warnings.push(`${ref}: container ${unprobed.join(', ')} has no readinessProbe, so new pods get requests before they can answer them, and a broken release counts as ready.`);
  if (template?.spec?.terminationGracePeriodSeconds === 0) warnings.push(`${ref} has terminationGracePeriodSeconds 0: requests in progress are cut off.`);
  return warnings;
}

/**
 * Containers without a preStop hook must keep serving for a moment after SIGTERM, until the endpoints are updated, or
 * requests are lost. Whether they do is not visible in the pod template, so this is no warning.
 */
export function adviceOnPreStop(all: readonly { readonly ref: string; readonly workload: Workload }[], services: readonly Service[]): string | undefined {
  const unhooked = all.flatMap(({ ref, workload }) => withoutPreStop(workload, services).map((name) => `container ${name} of ${ref}`));
  if (unhooked.length === 0) return undefined;
  const [shown, more] = [unhooked.slice(0, shownAtMost), unhooked.length - shownAtMost];
  return `No preStop hook: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}; requests are lost unless the app keeps serving for a moment after SIGTERM`;
}

const shownAtMost = 3;

/** Names of the containers behind a Service. */
function withoutPreStop(workload: Workload, services: readonly Service[]): string[] {
  const template = workload.spec?.template;
  if (!services.some((service) => selects(service, template?.metadata?.labels))) return [];
  return (template?.spec?.containers ?? []).filter(({ ports, lifecycle }) => (ports ?? []).length > 0 && !lifecycle?.preStop).map(({ name }) => name ?? '');
}
