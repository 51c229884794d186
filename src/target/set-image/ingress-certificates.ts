import { X509Certificate } from 'node:crypto';
import type { CertificateFact, Note } from '../../policy/input.js';
import { ApiError } from '../../kubernetes/client/api.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf, type Ingress, type List, type Secret, type Service } from '../../kubernetes/client/objects.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import { selects } from '../../kubernetes/observe/selector.js';
import type { Certificate } from '../../ports/http.js';

interface Found {
  readonly certificates: readonly CertificateFact[];
  readonly notes: readonly Note[];
}

type Labels = Readonly<Record<string, string>>;

/**
 * The certificates in the Secrets of the Ingresses that lead to these pods. The documented Role allows neither: what the
 * account is not allowed to read is a note. Of a Secret, only `tls.crt` is used, which every visitor gets.
 */
export async function readIngressCertificates(
  { api, namespace }: Pick<Cluster, 'api' | 'namespace'>, services: readonly Service[], pods: readonly Labels[], signal: AbortSignal,
): Promise<Found> {
  const own = new Set(services.filter((service) => pods.some((labels) => selects(service, labels))).map(nameOf));
  try {
    const { items = [] } = await api.get<List<Ingress>>(apiPath(resources.ingresses, namespace), { signal });
    const leading = items.filter((ingress) => servicesOf(ingress).some((name) => own.has(name)));
    const named = leading.flatMap((ingress) => (ingress.spec?.tls ?? []).flatMap(({ secretName }) =>
      (secretName === undefined ? [] : [{ ingress: nameOf(ingress), secretName }])));
    const found = await Promise.all(named.map(async ({ ingress, secretName }): Promise<Found> => {
      const secret = await api.find<Secret>(resources.secrets, namespace, secretName, { signal });
      const validity = secret && validityIn(secret);
      // cert-manager creates the Secret after the Ingress.
      if (validity === undefined) return note(`The Secret ${secretName} of Ingress ${ingress} ${secret ? 'holds no certificate' : 'does not exist'}, so the policy rule \`certificates\` cannot check it.`);
      return { certificates: [{ subject: `ingress/${ingress}`, of: `the Secret ${secretName}`, ...validity }], notes: [] };
    }));
    return { certificates: found.flatMap(({ certificates }) => certificates), notes: found.flatMap(({ notes }) => notes) };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403)) throw error;
    return note('The account is not allowed to list Ingresses and get Secrets, so the policy rule `certificates` does not check the certificates of Ingresses.');
  }
}

const note = (text: string): Found => ({ certificates: [], notes: [{ rule: 'certificates', text }] });

/** The names of the Services that an Ingress sends requests to. */
const servicesOf = ({ spec }: Ingress): string[] => [
  spec?.defaultBackend?.service?.name,
  ...(spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend?.service?.name)),
].filter((name) => name !== undefined);

/** The end of the first certificate, that of the host, ms since 1970. Undefined if it is not one. */
function validityIn({ data }: Secret): Certificate | undefined {
  try {
    const { validFrom, validTo } = new X509Certificate(Buffer.from(data?.['tls.crt'] ?? '', 'base64'));
    const [startsAt, expiresAt] = [Date.parse(validFrom), Date.parse(validTo)];
    return Number.isNaN(startsAt) || Number.isNaN(expiresAt) ? undefined : { startsAt, expiresAt };
  } catch {
    return undefined;
  }
}
