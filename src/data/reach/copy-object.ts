import type { Pod } from '../../kubernetes/client/objects.js';
import type { Sidecar } from '../../kubernetes/job/sidecar.js';
import type { CopyNames } from './copy-names.js';
import type { FoundContainer } from './find-pod.js';
import type { Owner } from './owner.js';
import { scratchFolder, sizeOf, waitFor } from './scratch-object.js';

export const copyContainer = 'database-copy';
/** It is there once the copy is complete. */
export const copyReady = '/scratch/ready';

/**
 * It ends when nobody holds it any more, or five minutes after its start if nobody came. When it gets SIGTERM, because the command
 * has ended, it stays until the copy was looked at. Once it was started again, its data is gone, and it never becomes ready.
 */
const mainScript = `
trap '' TERM INT QUIT HUP
mkfifo ${waitFor} || exit 1
( sleep 300; : >${waitFor} ) &
IFS= read -r line <${waitFor}
exit 0
`;

export interface CopyContainer {
  readonly source: FoundContainer;
  readonly image: string;
  readonly owner: Owner;
  /** Of the data. */
  readonly bytes: number;
  readonly requestsDisk: boolean;
  readonly names: CopyNames;
  readonly addresses: readonly string[];
  readonly timeoutMs: number;
}

type Parts = Pick<Sidecar, 'container' | 'volumes' | 'hostAliases' | 'imagePullSecrets' | 'env'>;

/**
 * With the image and the resources of the database, and as few permissions as a scratch server: no account of the cluster, although its
 * pod has the one of the workload, and no port of which Kubernetes knows.
 */
export function copySidecar({ source, image, owner, bytes, requestsDisk, names, addresses, timeoutMs }: CopyContainer): Parts {
  const size = sizeOf(bytes);
  const { limits, requests = limits ?? { cpu: '250m', memory: '512Mi' } } = source.pod.spec?.containers?.find(({ name }) => name === source.container)?.resources ?? {};
  const disk: Readonly<Record<string, string>> = requestsDisk ? { 'ephemeral-storage': size } : {};
  return {
    container: {
      name: copyContainer, image, imagePullPolicy: 'IfNotPresent', restartPolicy: 'Always', command: ['sh', '-c', mainScript], env: [{ name: 'TMPDIR', value: scratchFolder }],
      securityContext: {
        runAsNonRoot: true, runAsUser: owner.user, runAsGroup: owner.group, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, privileged: false,
        capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' },
      },
      resources: { requests: { ...requests, ...disk }, limits: { ...limits, ...disk } },
      startupProbe: { exec: { command: ['test', '-e', copyReady] }, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: Math.ceil(timeoutMs / 1000) },
      volumeMounts: [
        { name: copyContainer, mountPath: scratchFolder },
        // In the place of the token of the account, which Kubernetes would put there.
        { name: `${copyContainer}-none`, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
      ],
    },
    volumes: [{ name: copyContainer, emptyDir: { sizeLimit: size } }, { name: `${copyContainer}-none`, emptyDir: { sizeLimit: '1Mi' } }],
    hostAliases: addresses.map((ip) => ({ ip, hostnames: names.hosts })),
    imagePullSecrets: source.pod.spec?.imagePullSecrets ?? [],
    env: names.env,
  };
}

/** The addresses of its own pod on which a copy listens. */
export const ownAddresses = ({ status }: Pod): readonly string[] =>
  // Where a name has an address of IPv6, that has to lead to the copy as well.
  ((status?.podIPs ?? []).some(({ ip }) => ip?.includes(':')) ? ['127.0.0.1', '::1'] : ['127.0.0.1']);
