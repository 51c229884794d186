import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { Need } from './needs.js';

/** One rule of a Role. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The placeholder for an unknown account. It is not a valid name of an account, so applying it grants nobody a permission by mistake. */
export const accountToFillIn = 'NAME-OF-THE-ACCOUNT';

const rbac = 'rbac.authorization.k8s.io';

/**
 * A Role that grants exactly these needs, and its binding to the account, as YAML. Its name contains a hash of what it
 * grants, so applying it does not replace another Role: `kubectl apply` replaces the whole list of rules and of subjects.
 * @param username as the API server knows the account; undefined when it does not say
 */
export function roleFor(needs: readonly Need[], namespace: string, username: string | undefined): string {
  const rules = rulesFor(needs);
  const subject = subjectOf(username, namespace);
  const name = `deployer-more-${createHash('sha256').update(JSON.stringify([rules, subject])).digest('hex').slice(0, 8)}`;
  const metadata = { name, namespace };
  const documents = [
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
    { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata, roleRef: { apiGroup: rbac, kind: 'Role', name }, subjects: [subject] },
  ];
  return documents.map((document) => stringify(document, { flowCollectionPadding: false, aliasDuplicateObjects: false })).join('---\n');
}

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects */
function subjectOf(username: string | undefined, namespace: string): object {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username ?? '');
  if (account) return { kind: 'ServiceAccount', name: account[2], namespace: account[1] };
  return username ? { apiGroup: rbac, kind: 'User', name: username } : { kind: 'ServiceAccount', name: accountToFillIn, namespace };
}

/** As few rules as possible: one for each resource and set of verbs, and one more for permissions on named objects. */
function rulesFor(needs: readonly Need[]): Rule[] {
  const rules = new Map<string, Rule>();
  const of = ({ group, resource, name }: Need): string => JSON.stringify([group, resource, name]);
  for (const objects of new Set(needs.map(of))) {
    const same = needs.filter((each) => of(each) === objects);
    const [first] = same;
    if (!first) continue;
    const verbs = [...new Set(same.map(({ verb }) => verb))];
    const key = JSON.stringify([first.group, first.resource, first.name === undefined, verbs]);
    const names = first.name === undefined ? {} : { resourceNames: [...(rules.get(key)?.resourceNames ?? []), first.name] };
    rules.set(key, { apiGroups: [first.group], resources: [first.resource], ...names, verbs });
  }
  return [...rules.values()];
}
