import { resources, workloadResource } from '../kubernetes/client/resources.js';
import { workloadKinds } from '../config/config.js';
import { causes } from '../outcome/causes.js';
import { stageNames, verdicts } from '../outcome/verdict.js';

/** Of a Role and its binding, of the command of a rollout, and of every address. */
const kubernetesWords = [
  'apiVersion', 'rbac.authorization.k8s.io/v1', 'kind', 'Role', 'RoleBinding', 'metadata', 'name', 'namespace', 'rules', 'apiGroups', 'resources', 'resourceNames',
  'verbs', 'roleRef', 'apiGroup', 'subjects', 'ServiceAccount', 'User', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'pods/log', 'pods/proxy', 'services/proxy',
  'deployer-more-', 'kubectl', 'set image', '--namespace', '--context', 'https://', 'http://',
];

/**
 * What is printed and written whatever the secrets are: verdicts, causes with their sentences, stages, and what is to be applied
 * by hand. A password that is such a word cannot be hidden without making them useless.
 */
export const ownWords: readonly string[] = [...new Set([
  ...verdicts, ...stageNames, ...Object.keys(causes),
  ...Object.values(causes).flatMap(({ sentence, hint }) => `${sentence} ${hint}`.split(/[^\w'-]+/)),
  ...workloadKinds, ...Object.values(resources).flatMap(({ group, plural }) => [group, plural]), ...Object.values(workloadResource).map(({ plural }) => plural),
  ...kubernetesWords,
])];
