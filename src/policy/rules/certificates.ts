import type { CertificateFact } from '../input.js';
import type { Found, Rule } from '../rule.js';

export const certificates: Rule = {
  fix: 'Renew the certificate, and find out why it is not renewed automatically.',
  check: ({ settings, facts }) => facts.certificates.flatMap((certificate) => check(certificate, settings.certificates.days, facts.now)),
};

const dayMs = 24 * 3600_000;

/**
 * How long it must still be valid, ms. Without a setting: a third of its lifetime is when clients of ACME renew certificates, so one
 * of a few days is not always about to expire.
 */
const neededMs = ({ startsAt, expiresAt }: CertificateFact, days: number | undefined): number =>
  (days === undefined ? Math.min(14 * dayMs, (expiresAt - startsAt) / 3) : days * dayMs);

function check(certificate: CertificateFact, days: number | undefined, now: number): Found[] {
  const { subject, of, expiresAt } = certificate;
  if (expiresAt > now && expiresAt - now >= neededMs(certificate, days)) return [];
  const date = new Date(expiresAt).toISOString().slice(0, 10);
  const left = Math.floor((expiresAt - now) / dayMs);
  const when = expiresAt <= now ? `expired on ${date}` : `expires on ${date}, ${left === 0 ? 'in less than a day' : `in ${left} ${left === 1 ? 'day' : 'days'}`}`;
  return [{ subject, message: `The certificate of ${subject} (${of}) ${when}.` }];
}
