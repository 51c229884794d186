import { patienceMs } from '../../outcome/causes.js';
import { oneLine, symptom, type Subject, type Symptom } from './symptom.js';

/**
 * CreateContainerConfigError covers every error between the spec of a container and the runtime. Only the message of the
 * kubelet distinguishes them (k8s.io/kubernetes/pkg/kubelet/kuberuntime and kubelet_pods.go).
 */
interface ConfigError {
  readonly pattern: RegExp;
  readonly hint: string;
  /** Waiting does not change it. */
  readonly isCertain?: boolean;
}

const userHint = 'Set a numeric `USER` other than 0 in the Dockerfile, or set `runAsUser` in the security context of the pod template.';

const errors: readonly ConfigError[] = [
  { pattern: /runAsNonRoot and image (will run as root|has an invalid user id)/, isCertain: true, hint: `The image runs as a user that \`runAsNonRoot\` does not allow. ${userHint}` },
  { pattern: /runAsNonRoot and image has non-numeric user/, isCertain: true, hint: `The node cannot verify that a user given by name is not root. ${userHint}` },
  { pattern: /break(s)? non-root policy/, isCertain: true, hint: 'The pod template sets both `runAsNonRoot` and a user that is root: set `runAsUser` to a number other than 0, or leave it out.' },
  { pattern: /couldn't find key|non-existent config key/, hint: 'Add the missing key to the ConfigMap or Secret, or mark it optional in the pod template.' },
  { pattern: /\b(configmap|secret)s? "[^"]*" not found/i, hint: 'Create the missing ConfigMap or Secret, or mark it optional in the pod template.' },
  { pattern: /missing value for/, hint: 'Define the missing variables in the `env` of the container: `subPathExpr` uses them.' },
  { pattern: /sub-?path/i, hint: 'Check `subPath` and `subPathExpr` of the volume mount, and the content of its volume.' },
];

/** Temporary errors: the caches of the kubelet lag behind (kubernetes/kubernetes#74412), or it has just started. */
const passing = /failed to sync (configmap|secret) cache|services have not yet been read at least once/;

export function unconfigured(subject: Subject, words: string): Symptom | undefined {
  if (passing.test(words)) return undefined;
  const known = errors.find(({ pattern }) => pattern.test(words));
  const found = symptom('container-config', subject, known?.isCertain ? 0 : patienceMs('container-config'), `cannot be configured: ${oneLine(words)}`);
  return { ...found, hint: known?.hint };
}
