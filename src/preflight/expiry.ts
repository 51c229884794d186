import type { Expiry } from '../cluster/expiry.js';

const dayMs = 24 * 3600_000;

/** A warning a week before the next deployment is refused; by the clock of this machine. */
export function expiresSoon(expiry: Expiry | undefined, now: number): string[] {
  if (!expiry || expiry.at - now >= 7 * dayMs) return [];
  const when = `${new Date(expiry.at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (expiry.at <= now) return [`The ${expiry.what} in the kubeconfig expired at ${when}, by the clock of this machine.`];
  const days = Math.floor((expiry.at - now) / dayMs);
  const left = days === 0 ? 'in less than a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
  return [`The ${expiry.what} in the kubeconfig expires at ${when}, ${left}: replace it before, as deployments fail after that.`];
}
