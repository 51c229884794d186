import type { ActionName } from '../../outcome/action.js';
import { bad, good } from '../checked.js';
import { parseKubeconfig, type Kubeconfig, type KubeconfigSource } from '../kubeconfig.js';
import { parseKubectlUrl } from '../kubectl-url.js';
import { labelPattern, parseLabel } from '../kubernetes-names.js';
import { bySource } from '../kit/kind.js';
import { block, text } from '../kit/text.js';
import { defined } from '../record.js';
import { section, type Values } from '../setting.js';
import { parseArgument } from '../text.js';

/** What reads or changes workloads of a cluster. */
export const clusterActions: readonly ActionName[] = ['deploy', 'rollout', 'rollback'];

const kubeconfig = bySource(
  block(parseKubeconfig, { expects: 'a kubeconfig', largeHint: 'Keep only the context that is used: `kubectl config view --raw --minify --flatten`.' }),
  block((given) => {
    const checked = parseKubeconfig(given);
    return checked.ok && 'path' in checked.value ? checked : bad(
      'can only be a path in this file',
      'Give the content as the input `kubeconfig` from a secret. If this was a real one, replace its credentials: they are in the history of the repository.',
    );
  }, { expects: 'the path of a kubeconfig', schema: { maxLength: 1024 } }),
);

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
    kind: text(parseArgument, { expects: 'the name of a context' }),
  },
  'namespace': {
    description: 'Namespace of the workloads.',
    default: 'that of the context',
    kind: text(parseLabel, { expects: 'the name of a namespace', schema: { pattern: labelPattern } }),
  },
  'kubectl-url': {
    description: 'Where kubectl is downloaded from when the machine has none; `{version}`, `{os}` and `{arch}` are filled in. The file must have the pinned checksum.',
    default: 'the release site of Kubernetes',
    kind: text(parseKubectlUrl, { expects: 'a URL' }),
  },
  'kubectl-sha256': {
    description: 'SHA-256 that the file from `kubectl-url` must have, when it is not the pinned version.',
    kind: text(
      (given) => (/^[0-9a-f]{64}$/.test(given) ? good(given) : bad('is not a SHA-256', 'Give 64 hexadecimal digits in lower case, as `sha256sum` prints them.')),
      { expects: 'a SHA-256', schema: { pattern: '^[0-9a-f]{64}$' } },
    ),
  },
});

const sourceOf = (kubeconfig: Kubeconfig): KubeconfigSource => ('path' in kubeconfig ? { path: kubeconfig.path } : { content: kubeconfig.content });

/** How the cluster is reached. */
export const clusterOf = ({ kubeconfig: given, ...values }: Values<typeof cluster.settings>) => defined({
  kubeconfig: given && sourceOf(given),
  context: values['kube-context'],
  namespace: values.namespace,
  /** Where a missing kubectl is downloaded from; `{version}`, `{os}` and `{arch}` are filled in. Undefined: the default address. */
  kubectlUrl: values['kubectl-url'],
  /** SHA-256 that the file from there must have; undefined: the pinned one of the pinned version. */
  kubectlSha256: values['kubectl-sha256'],
});
export type ClusterConfig = ReturnType<typeof clusterOf>;
