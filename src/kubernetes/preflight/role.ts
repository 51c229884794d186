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

/** The name of the account in what is printed, where the cluster does not tell it: no name of an account looks so, and nobody is given a right by mistake. */
export const accountToFillIn = 'NAME-OF-THE-ACCOUNT';

const rbac = 'rbac.authorization.k8s.io';

/**
 * A Role that grants exactly these needs, and its binding to the account, as YAML. Its name is made from what it grants, so
 * that applying it replaces no other Role: rules and subjects are lists that `kubectl apply` puts in place of what was there.
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

/** The fewest rules: one for each resource and set of verbs, and one more for what is needed of certain objects only. */
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
