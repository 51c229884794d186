import { bad, good } from './checked.js';
import { parseChoice } from './choices.js';
import type { ActionName } from './actions.js';
import { durationPattern, parseDuration } from './duration.js';
import { parseKubeconfig, type Kubeconfig } from './kubeconfig.js';
import { single, withText, type Kind } from './kinds.js';
import { parseKubectlUrl } from './kubectl-url.js';
import { labelPattern, parseLabel } from './kubernetes-names.js';
import { list } from './list.js';
import { readingOf, wrong } from './reading.js';
import { setting } from './setting.js';
import { parseSmoke } from './smoke.js';
import { readSmokeEntry, smokeEntrySchema } from './smoke-entry.js';
import { controlCharacter, parseArgument, tooLarge, usualLimit } from './text.js';
import { parseWorkload, repeatedWorkloads } from './workloads.js';

const cluster: readonly ActionName[] = ['deploy', 'rollout', 'rollback'];
export const defaultTimeout = '10m';

const kubeconfig: Kind<Kubeconfig> = {
  schema: { type: 'string', minLength: 1, maxLength: 1024 },
  fromText: (text, spot) => {
    const fault = tooLarge(text, usualLimit) ?? controlCharacter(text, true);
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
    topic: 'cluster', actions: cluster, secret: true,
    description: 'Kubeconfig of the cluster: its content, base64 of its content, or a path. In the settings file only a path.',
    default: 'what `kubectl` itself would use',
    kind: kubeconfig,
  }),
  'kube-context': setting({
    topic: 'cluster', actions: cluster,
    description: 'Context of the kubeconfig to use.',
    default: 'the current context',
    kind: single(parseArgument, { expects: 'the name of a context' }),
  }),
  'namespace': setting({
    topic: 'cluster', actions: cluster,
    description: 'Namespace of the workloads.',
    default: 'that of the context',
    kind: single(parseLabel, { expects: 'the name of a namespace', schema: { pattern: labelPattern } }),
  }),
  'kubectl-url': setting({
    topic: 'cluster', actions: cluster,
    description: 'Where kubectl is downloaded from when the machine has none; `{version}`, `{os}` and `{arch}` are filled in. The file must have the pinned checksum.',
    default: 'the release site of Kubernetes',
    kind: single(parseKubectlUrl, { expects: 'a URL' }),
  }),
  'kubectl-sha256': setting({
    topic: 'cluster', actions: cluster,
    description: 'SHA-256 that the file from `kubectl-url` must have, when it is not the pinned version.',
    kind: single(
      (text) => (/^[0-9a-f]{64}$/.test(text) ? good(text) : bad('is not a SHA-256', 'Give 64 hexadecimal digits in lower case, as `sha256sum` prints them.')),
      { expects: 'a SHA-256', schema: { pattern: '^[0-9a-f]{64}$' } },
    ),
  }),
};

export const rolloutSettings = {
  'workloads': setting({
    topic: 'rollout', actions: cluster, requiredBy: ['rollout'],
    description: 'Workloads to roll out, one per line: `deployment/api`, `statefulset/db:container`, `daemonset/agent`, `cronjob/nightly`. Without `:container`, every container whose image repository equals `image`.',
    examples: [['deployment/api']],
    kind: list(parseWorkload, {
      expects: 'a list of workloads', item: 'a workload such as deployment/api', separator: ',',
      itemSchema: { type: 'string', minLength: 1 }, allowEmpty: true, check: repeatedWorkloads,
    }),
  }),
  'timeout': setting({
    topic: 'rollout', actions: cluster,
    description: 'Upper bound for the rollout, such as `90s`, `10m` or `1h30m`. Failures are normally found long before.',
    default: `\`${defaultTimeout}\``,
    kind: single(parseDuration, { expects: 'a duration such as 10m', schema: { pattern: durationPattern } }),
  }),
  'smoke': setting({
    topic: 'rollout', actions: cluster,
    description: 'Checks that the new version must pass, one per line: `TARGET [-> STATUS[,STATUS] [contains TEXT]]`. TARGET is a URL, or `service/NAME[:PORT]/PATH`, which is reached through the API of the cluster.',
    examples: [['service/api:80/healthz -> 200 contains ok']],
    kind: list(parseSmoke, {
      expects: 'a list of checks', item: 'a check such as service/api:80/healthz -> 200', allowEmpty: true,
      itemSchema: { anyOf: [{ type: 'string', minLength: 1 }, smokeEntrySchema] }, fromMap: readSmokeEntry,
    }),
  }),
  'rollback': setting({
    topic: 'rollout', actions: ['deploy', 'rollout'],
    description: '`auto`: put back what was there when the rollout or a check fails. `off`: leave the failed version in place.',
    default: '`auto`',
    kind: single(parseChoice(['auto', 'off']), { expects: 'auto or off', schema: { enum: ['auto', 'off'] } }),
  }),
};
