import type { Workload } from '../client/objects.js';
import { desiredReplicas } from './workload.js';

/**
 * How many pods a rollout starts with, by maxSurge and maxUnavailable of the strategy. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
 */
export function firstWaveSize(workload: Workload): { readonly pods: number; readonly of: number; readonly oldPodsGone: number } {
  const replicas = desiredReplicas(workload);
  const { maxSurge = '25%', maxUnavailable = '25%' } = workload.spec?.strategy?.rollingUpdate ?? {};
  const surge = share(maxSurge, replicas, Math.ceil);
  const missing = share(maxUnavailable, replicas, Math.floor);
  const oldPodsGone = Math.min(replicas, surge === 0 && missing === 0 ? 1 : missing);
  return { pods: Math.min(replicas, surge + oldPodsGone), of: replicas, oldPodsGone };
}

const share = (value: number | string, of: number, round: (count: number) => number): number =>
  typeof value === 'number' ? value : round((Number.parseFloat(value) / 100) * of);
