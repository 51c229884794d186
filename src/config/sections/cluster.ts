import type { ActionName, Taker } from '../../outcome/action.js';
import { defined } from '../kit/record.js';
import { section, type Values } from '../setting.js';
import { argument } from '../values/argument.js';
import { sha256 } from '../values/digest.js';
import { kubeconfig } from '../values/kubeconfig.js';
import { downloadUrl } from '../values/download-url.js';
import { label } from '../values/kubernetes-names.js';

/** What reads or changes workloads of a cluster. */
export const clusterActions: readonly ActionName[] = ['deploy', 'rollout', 'rollback', 'pr-check'];

/** What reaches a cluster: also databases, and volumes that backups are kept on. */
const reaching: readonly ActionName[] = [...clusterActions, 'backup', 'restore'];

/** What installs kubectl. */
const kubectlTakers: readonly Taker[] = [...reaching, 'setup'];

export const cluster = section('Cluster', reaching, {
  'kubeconfig': {
    secret: true,
    description: 'Kubeconfig of the cluster: its content, its content in base64, or a path. In the settings file, only a path. Relative paths in its content are relative to the workspace.',
    default: '`KUBECONFIG`, `~/.kube/config`, or the service account of the pod that it runs in',
    kind: kubeconfig,
  },
  'kube-context': {
    description: 'Context of the kubeconfig to use.',
    default: 'the current context',
    kind: argument('the name of a context'),
  },
  'namespace': {
    description: 'Namespace of the workloads.',
    default: 'the namespace of the context',
    kind: label('the name of a namespace'),
  },
  'kubectl-url': {
    actions: kubectlTakers,
    description: 'URL from which kubectl is downloaded if it is not installed; `{version}`, `{os}` and `{arch}` are replaced. The file must have the pinned checksum.',
    default: 'the release site of Kubernetes',
    kind: downloadUrl('https://HOST/PATH/{version}/{os}/{arch}/kubectl'),
  },
  'kubectl-sha256': {
    actions: kubectlTakers,
    description: 'SHA-256 of the file at `kubectl-url`, if it is not the pinned version.',
    descriptionFor: { setup: 'SHA-256 of the kubectl for the machine, if `kubectl-version` or `kubectl-url` names another one than the pinned one.' },
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
