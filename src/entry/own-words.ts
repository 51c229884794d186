import { resources, workloadResource } from '../kubernetes/client/resources.js';
import { workloadKinds } from '../config/config.js';
import { causes } from '../outcome/causes.js';
import { stageNames, verdicts } from '../outcome/verdict.js';

/** Words of a Role and its binding, of the commands of a rollout, and of addresses. */
const kubernetesWords = [
  'apiVersion', 'rbac.authorization.k8s.io/v1', 'kind', 'Role', 'RoleBinding', 'metadata', 'name', 'namespace', 'rules', 'apiGroups', 'resources', 'resourceNames',
  'verbs', 'roleRef', 'apiGroup', 'subjects', 'ServiceAccount', 'User', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'pods/log', 'pods/proxy', 'services/proxy',
  'deployer-more-', 'kubectl', 'set image', '--namespace', '--context', 'https://', 'http://',
];

/**
 * Words that are never masked: verdicts, causes with their sentences, stages, and what is to be applied by hand. Masking a
 * password that is such a word would make the output useless.
 */
export const ownWords: readonly string[] = [...new Set([
  ...verdicts, ...stageNames, ...Object.keys(causes),
  ...Object.values(causes).flatMap(({ sentence, hint }) => `${sentence} ${hint}`.split(/[^\w'-]+/)),
  ...workloadKinds, ...Object.values(resources).flatMap(({ group, plural }) => [group, plural]), ...Object.values(workloadResource).map(({ plural }) => plural),
  ...kubernetesWords,
])];
