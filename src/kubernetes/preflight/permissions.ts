import type { SelfSubjectAccessReview } from 'kubernetes-types/authorization/v1';
import type { SelfSubjectReview } from 'kubernetes-types/authentication/v1';
import { ApiError, type Api } from '../client/api.js';
import type { ObjectOf } from '../client/objects.js';
import { nothingFound, type Checked, type Finding } from '../../outcome/finding.js';
import { askForNamespace, correctNamespace, looksMisspelt, readNamespace, unusable, type NamespaceClues, type NamespaceOfRun } from './namespace.js';
import { covered, type AllowedRule, type Need } from './needs.js';
import { accountToFillIn, roleFor } from './role.js';

/** Who needs the permissions, and where they are documented. */
interface Permitted {
  /** The beginning of a sentence: `The account that deploys`. */
  readonly account: string;
  /** The file with the complete Role. */
  readonly role: string;
}

const deployer: Permitted = { account: 'The account that deploys', role: 'docs/rbac.yaml' };

/**
 * Reads all permissions of the account at once. Those that seem to be missing are reviewed one by one, as only that is certain.
 * @param needs what the run needs, which may depend on objects that are being read meanwhile
 */
export async function checkPermissions(
  api: Api, run: NamespaceOfRun, needs: readonly Need[] | Promise<readonly Need[]>, signal: AbortSignal, of = deployer,
): Promise<Checked> {
  const { namespace } = run;
  const [review, wanted] = await Promise.all([
    ask<{ readonly status?: { readonly resourceRules?: readonly AllowedRule[] } }>(api, 'authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace } }, signal), needs,
  ]);
  if (!review) return { problems: [], warnings: ['The cluster does not report the permissions of this account, so they could not be checked before the change.'] };
  const doubtful = wanted.filter((each) => !covered(each, review.status?.resourceRules ?? []));
  const refused = (await Promise.all(doubtful.map(async (each) => ((await isAllowed(api, namespace, each, signal)) ? [] : [each])))).flat();
  if (refused.length === 0) return nothingFound;
  const clues = await readNamespace(api, run, await usernameOf(api, signal), signal);
  return { warnings: [], problems: [unusable(clues) ?? missing(refused, clues, refused.length === wanted.length, of)] };
}

/** True also if the API server does not answer such reviews. */
export async function isAllowed(api: Api, namespace: string, { group, resource, verb, name }: Need, signal: AbortSignal): Promise<boolean> {
  const [plural, subresource] = resource.split('/');
  const spec = { resourceAttributes: { namespace, group, resource: plural, subresource, verb, name } };
  const review = await ask<ObjectOf<SelfSubjectAccessReview>>(api, 'authorization.k8s.io/v1/selfsubjectaccessreviews', { spec }, signal);
  return review?.status?.allowed ?? true;
}

/** The name of this account to the API server; undefined if it does not say, as before Kubernetes 1.28. */
export async function usernameOf(api: Api, signal: AbortSignal): Promise<string | undefined> {
  const review = await ask<ObjectOf<SelfSubjectReview>>(api, 'authentication.k8s.io/v1/selfsubjectreviews', {}, signal);
  return review?.status?.userInfo?.username;
}

/** Undefined if the API server does not answer such reviews: it may be too old, or forbid them. */
async function ask<T>(api: Api, review: string, body: object, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await api.send<T>('POST', `/apis/${review}`, body, { signal });
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/**
 * The missing permissions as one problem, with the Role and the binding that grant them, ready to be applied.
 * @param isAll the account has none of the permissions: then a wrong namespace is more likely than a missing Role
 */
function missing(needs: readonly Need[], clues: NamespaceClues, isAll: boolean, of: Permitted): Finding {
  const { namespace, username, state } = clues;
  const account = `${of.account}${username ? ` (${username})` : ''}`;
  const question = isAll ? askForNamespace(clues) : '';
  const beginning = isAll ? `${question}${question.includes(account) ? 'It' : account} has none of the permissions that the run needs in namespace ${namespace}` : '';
  const unseen = state === 'unknown' ? ', and is not allowed to see whether that namespace exists (get namespaces)' : '';
  if (isAll && looksMisspelt(clues)) {
    return { cause: 'permission-denied', message: `${beginning}${unseen}.`, hint: `${correctNamespace(clues)} If not, grant the account the Role in ${of.role} in namespace ${namespace}.` };
  }
  const fillIn = username ? '' : ` (with the name of the account in place of ${accountToFillIn})`;
  const apply = `pply the Role and the RoleBinding below${fillIn}, then run again. They do not change other permissions of the account. ` +
    `${of.role} has the complete Role with the reason for each rule.`;
  return {
    cause: 'permission-denied',
    message: isAll ? `${beginning}${unseen}: ${inWords(needs)}.` : `${account} lacks permissions that the run needs in namespace ${namespace}: ${inWords(needs)}.`,
    hint: question === '' ? `A${apply}` : `If the namespace is right, a${apply}`,
    attachment: { title: 'Role with the missing permissions, and its binding', text: roleFor(needs, namespace, username), ours: true },
  };
}

/** `get, patch deployments (api, web); list services`. The names show what is misspelt in the settings. */
function inWords(needs: readonly Need[]): string {
  return [...new Set(needs.map((each) => each.resource))].map((resource) => {
    const own = needs.filter((each) => each.resource === resource);
    const verbs = [...new Set(own.map(({ verb }) => verb))];
    const names = [...new Set(own.flatMap(({ name }) => name ?? []))];
    return `${verbs.join(', ')} ${resource}${names.length > 0 ? ` (${names.join(', ')})` : ''}`;
  }).join('; ');
}
