import type { Pod, Probe } from '../client/objects.js';

/** Kubernetes' defaults: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
const defaults = { initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3, successThreshold: 1 };

/** The longest time between the start of the pod and its readiness that its own probes allow, ms. */
export function probeAllowanceMs(pod: Pod): number {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const allowances = [...sidecars, ...(pod.spec?.containers ?? [])].map((container) => {
    const startup = container.startupProbe ? allowance(container.startupProbe, 'failureThreshold') : 0;
    const readiness = container.readinessProbe ? allowance(container.readinessProbe, 'successThreshold') : 0;
    return startup + readiness;
  });
  return 1000 * Math.max(0, ...allowances);
}

function allowance(probe: Probe, threshold: 'failureThreshold' | 'successThreshold'): number {
  const numbers = { ...defaults, ...probe };
  return numbers.initialDelaySeconds + numbers.periodSeconds * numbers[threshold] + numbers.timeoutSeconds;
}
