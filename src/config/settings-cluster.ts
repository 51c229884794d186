import { bad, good } from './checked.js';
import type { ActionName } from '../outcome/action.js';
import { parseKubeconfig, type Kubeconfig } from './kubeconfig.js';
import { single, withText, type Kind } from './kinds.js';
import { parseKubectlUrl } from './kubectl-url.js';
import { labelPattern, parseLabel } from './kubernetes-names.js';
import { readingOf, wrong } from './reading.js';
import { setting } from './setting.js';
import { parseArgument, tooLarge, usualLimit } from './text.js';

export const clusterActions: readonly ActionName[] = ['deploy', 'rollout', 'rollback'];

const kubeconfig: Kind<Kubeconfig> = {
  schema: { type: 'string', minLength: 1, maxLength: 1024 },
  fromText: (text, spot) => {
    const fault = tooLarge(text, usualLimit, 'Keep only the context that is used: `kubectl config view --raw --minify --flatten`.');
    return fault ? wrong(spot, fault) : readingOf(spot, parseKubeconfig(text));
  },
  fromNode: (node, spot) => withText(node, spot, 'the path of a kubeconfig', (text) => {
    const checked = parseKubeconfig(text);
    if (checked.ok && 'path' in checked.value) return readingOf(spot, checked);
    return wrong(spot, {
      message: 'can only be a path in this file',
      hint: 'Give the content as the input `kubeconfig` from a secret. If this was a real one, replace its credentials: they are in the history of the repository.',
    });
  }),
};

export const clusterSettings = {
  'kubeconfig': setting({
    topic: 'cluster', actions: clusterActions, secret: true,
    description: 'Kubeconfig of the cluster: its content, base64 of its content, or a path. In the settings file only a path. Relative paths in its content are looked for in the workspace.',
    default: 'that of `KUBECONFIG`, of `~/.kube/config`, or of the pod that the runner is in',
    kind: kubeconfig,
  }),
  'kube-context': setting({
    topic: 'cluster', actions: clusterActions,
    description: 'Context of the kubeconfig to use.',
    default: 'the current context',
    kind: single(parseArgument, { expects: 'the name of a context' }),
  }),
  'namespace': setting({
    topic: 'cluster', actions: clusterActions,
    description: 'Namespace of the workloads.',
    default: 'that of the context',
    kind: single(parseLabel, { expects: 'the name of a namespace', schema: { pattern: labelPattern } }),
  }),
  'kubectl-url': setting({
    topic: 'cluster', actions: clusterActions,
    description: 'Where kubectl is downloaded from when the machine has none; `{version}`, `{os}` and `{arch}` are filled in. The file must have the pinned checksum.',
    default: 'the release site of Kubernetes',
    kind: single(parseKubectlUrl, { expects: 'a URL' }),
  }),
  'kubectl-sha256': setting({
    topic: 'cluster', actions: clusterActions,
    description: 'SHA-256 that the file from `kubectl-url` must have, when it is not the pinned version.',
    kind: single(
      (text) => (/^[0-9a-f]{64}$/.test(text) ? good(text) : bad('is not a SHA-256', 'Give 64 hexadecimal digits in lower case, as `sha256sum` prints them.')),
      { expects: 'a SHA-256', schema: { pattern: '^[0-9a-f]{64}$' } },
    ),
  }),
};
