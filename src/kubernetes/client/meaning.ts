import type { Cause } from '../../outcome/causes.js';

/** What the API server said, or that it did not. */
export interface Said {
  /** 0: no answer at all. */
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export interface Meaning {
  readonly cause: Cause;
  /** Better than that of the cause, where the words say more. */
  readonly hint?: string;
  /** A moment later the answer may be another. */
  readonly passing: boolean;
}

/** Answers that a moment later may be another: overload, a restart, a cut connection. */
export const isPassing = (status: number): boolean => status === 0 || status === 429 || status >= 500;

/**
 * The status of an answer is no meaning: 403 is a missing permission, a quota, an admission plugin or a namespace that is
 * being deleted, and 500 may be a webhook. What it means is in the words.
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

const policyHint = 'The words of the policy say what it does not allow: change that, or the policy.';

/** In the words of k8s.io/apiserver and its admission plugins; the first that fits. */
const byWords: readonly (readonly [RegExp, (parts: readonly (string | undefined)[], said: Said) => Meaning])[] = [
  [/failed calling webhook "?([^\s":]*)/i, ([, name]) => ({
    cause: 'admission-denied', passing: true,
    hint: `The webhook ${name ? `${name} ` : ''}that checks changes does not answer. Its own pods or network need a look; nothing is wrong with the release.`,
  })],
  [/exceeded quota: ([^,]+), requested: (\S+), used: (\S+), limited: (\S+)/, ([, quota, requested, used, limited]) => lasting(
    'quota-exceeded', `Raise the ResourceQuota ${quota}, or delete what is no longer needed in the namespace: ${limited} is the limit, ${used} is used, and ${requested} more is needed.`,
  )],
  [/status unknown for quota: ([^,]+)/, ([, quota]) => ({
    cause: 'quota-exceeded', passing: true, hint: `Kubernetes has not counted yet what the ResourceQuota ${quota} limits; if that lasts, look whether kube-controller-manager runs.`,
  })],
  [/exceeded quota|failed quota: ([^:\s]+): must specify (.+)/, ([, quota, what]) => lasting(
    'quota-exceeded', quota ? `The ResourceQuota ${quota} wants every new pod to set ${what}: set it in the pod template, or have a LimitRange set it.` : undefined,
  )],
  [/because it is being terminated/, () => lasting('not-deployable', 'The namespace is being deleted. Check `namespace`, or create the namespace and its workloads again once it is gone.')],
  [/admission webhook "([^"]*)" denied/, ([, name]) => lasting('admission-denied', `The webhook ${name} does not allow it, for the reason in its words: change what it objects to, or its rules.`)],
  [/denied (?:the )?request:?|ValidatingAdmissionPolicy|violates PodSecurity/, () => lasting('admission-denied', policyHint)],
  [/getting credentials: exec: executable (\S+) not found/, ([, program]) => lasting(
    'tool-missing', `The kubeconfig gets its credentials from ${program}: install it in a step before this one.`,
  )],
  [/getting credentials: /, () => ({
    cause: 'permission-denied', passing: true, hint: 'The program that the kubeconfig gets its credentials from failed: run it on the runner to see why.',
  })],
  [/x509: certificate/, () => ({
    cause: 'api-unreachable', passing: true,
    hint: 'The certificate of the API server does not fit the kubeconfig: check `server` and `certificate-authority-data` of its cluster, and the dates of the certificate.',
  })],
  [/\bnamespaces "([^"]+)" not found/, ([, name]) => lasting('config-invalid', `Check \`namespace\`: the cluster has no namespace ${name}.`)],
];

/** How every authorizer of the API server words its no: `User "ci" cannot patch resource "deployments" in API group "apps" …`. */
const missingPermission = /\b(?:User|user) .*cannot |\bcannot (?:get|list|watch|create|update|patch|delete) /;

function byStatus({ status, reason, message }: Said): Meaning {
  switch (status) {
    case 401:
      return lasting('permission-denied', 'The credentials in the kubeconfig have probably run out; make some that last longer.');
    case 403:
      // Not from an API server at all: a gateway, a firewall, or a proxy on the way.
      if (reason === '' && !/forbidden/i.test(message)) return lasting('api-unreachable', 'The answer is not that of an API server: look at what is between this runner and the cluster.');
      // An admission plugin says that the object is forbidden, and who is not allowed to do what an authorizer.
      return / is forbidden: /.test(message) && !missingPermission.test(message) ? lasting('admission-denied', policyHint)
        : lasting('permission-denied', 'Apply the Role in docs/rbac.yaml of this action, or use another kubeconfig.');
    case 404:
      return /could not find the requested resource/.test(message) || reason === '' ? lasting('api-unreachable', 'The server does not offer this part of the Kubernetes API: check the server in the kubeconfig, and its version.')
        : lasting('superseded', 'It was there a moment ago: somebody removed it during the run.');
    case 409:
      return lasting('superseded', 'Something else keeps writing the same object. Find out what does, then run again.');
    case 422:
      return lasting('not-deployable', 'The API server does not accept the object as it would be: fix the field that is named.');
    default:
      return isPassing(status) ? { cause: 'api-unreachable', passing: true } : lasting('unexpected');
  }
}

/**
 * The server does not know the account, or does not let it, and may only not have read its roles yet. A quota, a policy and a
 * namespace that is being deleted are answers of a server that has read what it needs.
 */
export const isRefusal = (said: Said): boolean =>
  (said.status === 401 || said.status === 403) && ['permission-denied', 'api-unreachable'].includes(meaningOf(said).cause);

/**
 * A `test` of a JSON patch found something else than what the patch was made for. A policy and the validation of the object
 * answer 422 as well, and then nobody else has written anything.
 */
export const isFailedTest = (said: Said): boolean => said.status === 422 && !/ is invalid: /.test(said.message) && meaningOf(said).cause === 'not-deployable';
