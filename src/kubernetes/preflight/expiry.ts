import type { Expiry } from '../client/expiry.js';

const hourMs = 3600_000;
const dayMs = 24 * hourMs;

/**
 * A warning from a week before the credentials expire, by the clock of this machine. Not for credentials that an earlier
 * step created for this run: they are short-lived by design, and the next run gets new ones.
 */
export function expiresSoon(expiry: Expiry | undefined, now: number): string[] {
  if (!expiry || expiry.at - now >= 7 * dayMs) return [];
  const isOfThisRun = expiry.since !== undefined && now - expiry.since < hourMs && now < expiry.at;
  if (isOfThisRun) return [];
  const when = `${new Date(expiry.at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (expiry.at <= now) return [`The ${expiry.what} in the kubeconfig expired at ${when}, according to the clock of this machine.`];
  const days = Math.floor((expiry.at - now) / dayMs);
  const left = days === 0 ? 'in less than a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
  return [`The ${expiry.what} in the kubeconfig expires at ${when}, ${left}. Replace it before then: deployments fail once it has expired.`];
}
