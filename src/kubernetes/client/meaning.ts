import type { Cause } from '../../outcome/causes.js';
import { placeWords, settingText } from '../../outcome/place-words.js';

/** An error of the API server, or that there was no answer. */
export interface Said {
  /** 0: no answer at all. */
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export interface Meaning {
  readonly cause: Cause;
  /** More specific than the hint of the cause. */
  readonly hint?: string;
  /** Temporary: worth another attempt. */
  readonly passing: boolean;
}

/** Temporary errors: overload, a restart, a cut connection. */
export const isPassing = (status: number): boolean => status === 0 || status === 429 || status >= 500;

/**
 * The status alone does not say what an error means: 403 is a missing permission, a quota, an admission plugin or a
 * namespace that is being deleted, and 500 may be a webhook. The message says it.
 */
export function meaningOf(said: Said): Meaning {
  const found = byWords.find(([pattern]) => pattern.test(said.message));
  if (found) {
    const [pattern, meaning] = found;
    return meaning(pattern.exec(said.message) ?? [], said);
  }
  return byStatus(said);
}

const lasting = (cause: Cause, hint?: string): Meaning => ({ cause, hint, passing: false });

const policyHint = 'The message says what the policy does not allow: change that, or the policy.';

/** Messages of k8s.io/apiserver and its admission plugins; the first match wins. */
const byWords: readonly (readonly [RegExp, (parts: readonly (string | undefined)[], said: Said) => Meaning])[] = [
  // First: the reason that a webhook or a policy gives is any text, for example about a quota of its own.
  [/admission webhook "([^"]*)" denied/, ([, name]) => lasting('admission-denied', `The webhook ${name} denied the request; the message has the reason. Change what it objects to, or its rules.`)],
  [/denied (?:the )?request/, () => lasting('admission-denied', policyHint)],
  // Like a missing permission it is retried for a short time only (isRefusal): nothing was written.
  [/ is forbidden: not yet ready to handle request/, () => lasting(
    'api-unreachable', 'An admission plugin of the API server has not started yet. If that lasts, check the API server: `kubectl get --raw "/readyz?verbose"`.',
  )],
  [/failed calling webhook "?([^\s":]*)/i, ([, name]) => ({
    cause: 'admission-denied', passing: true,
    hint: `Check the pods and the network of the admission webhook${name ? ` ${name}` : ''}: it does not answer. The release itself is not the problem.`,
  })],
  [/exceeded quota: ([^,]+), requested: (\S+), used: (\S+), limited: (\S+)/, ([, quota, requested, used, limited]) => lasting(
    'quota-exceeded', `Raise the ResourceQuota ${quota}, or delete what is no longer needed in the namespace: the limit is ${limited}, ${used} is used, and ${requested} more is needed.`,
  )],
  [/status unknown for quota: ([^,]+)/, ([, quota]) => ({
    cause: 'quota-exceeded', passing: true, hint: `Kubernetes has not computed the usage of the ResourceQuota ${quota} yet. If that lasts, check that kube-controller-manager runs.`,
  })],
  [/exceeded quota|failed quota: ([^:\s]+): must specify (.+)/, ([, quota, what]) => lasting(
    'quota-exceeded', quota ? `The ResourceQuota ${quota} requires every new pod to set ${what}: set it in the pod template or by a LimitRange.` : undefined,
  )],
  [/because it is being terminated/, () => lasting('not-deployable', `The namespace is being deleted. Check ${settingText('namespace')}, or recreate the namespace and its workloads once it is gone.`)],
  [/ValidatingAdmissionPolicy|violates PodSecurity/, () => lasting('admission-denied', policyHint)],
  [/getting credentials: exec: executable (\S+) not found/, ([, program = 'it']) => lasting(
    'tool-missing', `The kubeconfig gets its credentials from ${program}, which is not installed. ${placeWords().install(program)}`,
  )],
  [/getting credentials: /, () => ({
    cause: 'permission-denied', passing: true, hint: 'The credential plugin of the kubeconfig failed: run it on this machine to see why.',
  })],
  [/x509: certificate/, () => ({
    cause: 'api-unreachable', passing: true,
    hint: 'The certificate of the API server does not match the kubeconfig: check `server` and `certificate-authority-data` of its cluster, and the dates of the certificate.',
  })],
  [/\bnamespaces "([^"]+)" not found/, ([, name]) => lasting('config-invalid', `Check ${settingText('namespace')}: the namespace ${name} does not exist in the cluster.`)],
];

/** The message of every authorizer of the API server: `User "ci" cannot patch resource "deployments" in API group "apps" …`. */
const missingPermission = /\b(?:User|user) .*cannot |\bcannot (?:get|list|watch|create|update|patch|delete) /;

/** An authorizer or an admission plugin wrote it, even if the reason was lost: `… is forbidden: …`, `forbidden: User …`. */
const byServer = / is forbidden\b|\bforbidden: User /;

/** The beginning of a web page. */
const page = /<(?:!doctype|html|head|body)\b/i;

/** Not from an API server: from a gateway, a firewall or a proxy before it. */
const isFromBetween = ({ reason, message }: Said): boolean =>
  !byServer.test(message) && !missingPermission.test(message) && (reason === '' || page.test(message));

function byStatus(said: Said): Meaning {
  const { status, reason, message } = said;
  switch (status) {
    case 401:
      return lasting('permission-denied', 'The credentials in the kubeconfig have probably expired: use some that last longer.');
    case 403:
      if (isFromBetween(said)) return lasting('api-unreachable', 'The answer does not come from an API server: check the proxies, gateways and firewalls between this machine and the cluster.');
      // An admission plugin says that the object is forbidden; an authorizer says who cannot do what.
      return / is forbidden: /.test(message) && !missingPermission.test(message) ? lasting('admission-denied', policyHint)
        : lasting('permission-denied', 'Apply the Role in docs/rbac.yaml of this action, or use another kubeconfig.');
    case 404:
      return /could not find the requested resource/.test(message) || reason === '' ? lasting('api-unreachable', 'The server does not have this part of the Kubernetes API: check the server in the kubeconfig, and its version.')
        : lasting('superseded', 'It existed a moment ago: find out who deleted it during the run.');
    case 409:
      return lasting('superseded', 'Something else keeps writing the same object. Find out what it is, then run again.');
    case 422:
      return lasting('not-deployable', 'The API server rejected the changed object: fix the field that the message names.');
    default:
      return isPassing(status) ? { cause: 'api-unreachable', passing: true } : lasting('unexpected');
  }
}

/**
 * The server does not know the account or denies it access. A server that has just started may only not have read its roles
 * yet, or not have started its admission plugins. A quota, a policy and a namespace that is being deleted are answers of a
 * server that has read what it needs.
 */
export const isRefusal = (said: Said): boolean =>
  (said.status === 401 || said.status === 403) && ['permission-denied', 'api-unreachable'].includes(meaningOf(said).cause);

/**
 * A `test` operation of a JSON patch failed: the current value is not the expected one. A policy and the validation of the
 * object answer 422 as well, but then nobody else has written anything.
 */
export const isFailedTest = (said: Said): boolean => said.status === 422 && !/ is invalid: /.test(said.message) && meaningOf(said).cause === 'not-deployable';
