import type { ActionName } from '../../outcome/action.js';
import { defined } from '../kit/record.js';
import { section, type Values } from '../setting.js';
import { argument } from '../values/argument.js';
import { sha256 } from '../values/digest.js';
import { kubeconfig } from '../values/kubeconfig.js';
import { kubectlUrl } from '../values/kubectl-url.js';
import { label } from '../values/kubernetes-names.js';

/** What reads or changes workloads of a cluster. */
export const clusterActions: readonly ActionName[] = ['deploy', 'rollout', 'rollback'];

export const cluster = section('Cluster', clusterActions, {
  'kubeconfig': {
    secret: true,
    description: 'Kubeconfig of the cluster: its content, base64 of its content, or a path. In the settings file only a path. Relative paths in its content are looked for in the workspace.',
    default: 'that of `KUBECONFIG`, of `~/.kube/config`, or of the pod that the runner is in',
    kind: kubeconfig,
  },
  'kube-context': {
    description: 'Context of the kubeconfig to use.',
    default: 'the current context',
    kind: argument('the name of a context'),
  },
  'namespace': {
    description: 'Namespace of the workloads.',
    default: 'that of the context',
    kind: label('the name of a namespace'),
  },
  'kubectl-url': {
    description: 'Where kubectl is downloaded from when the machine has none; `{version}`, `{os}` and `{arch}` are filled in. The file must have the pinned checksum.',
    default: 'the release site of Kubernetes',
    kind: kubectlUrl,
  },
  'kubectl-sha256': {
    description: 'SHA-256 that the file from `kubectl-url` must have, when it is not the pinned version.',
    kind: sha256,
  },
});

/** How the cluster is reached. */
export const clusterOf = ({ kubeconfig, ...values }: Values<typeof cluster.settings>) => defined({
  kubeconfig,
  context: values['kube-context'],
  namespace: values.namespace,
  /** Where a missing kubectl is downloaded from; `{version}`, `{os}` and `{arch}` are filled in. Undefined: the default address. */
  kubectlUrl: values['kubectl-url'],
  /** SHA-256 that the file from there must have; undefined: the pinned one of the pinned version. */
  kubectlSha256: values['kubectl-sha256'],
});
export type ClusterConfig = ReturnType<typeof clusterOf>;
