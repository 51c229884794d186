import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { ApiError, type Api } from '../../../src/kubernetes/client/api.js';
import { covered, needsOf, type AllowedRule } from '../../../src/kubernetes/preflight/needs.js';
import type { NamespaceOfRun } from '../../../src/kubernetes/preflight/namespace.js';
import { checkPermissions } from '../../../src/kubernetes/preflight/permissions.js';
import { parseSmoke } from '../../../src/config/values/smoke.js';

const documented = parseAllDocuments(readFileSync(new URL('../../../docs/rbac.yaml', import.meta.url), 'utf8')).map((document) => document.toJS());
const account = 'system:serviceaccount:ci:deployer';

interface Server {
  readonly username?: string;
  /** Reviews that this server does not know, or does not allow. */
  readonly refuses?: RegExp;
  /** What it says when it is asked for the namespace. */
  readonly namespace?: 'there' | 'absent' | 'unknown';
  /** The namespaces that it lists; undefined: the account may not list them. */
  readonly others?: readonly string[];
}

/** An API server that answers the reviews of an account with these rules, as RBAC would. */
function serverOf(rules: readonly AllowedRule[], { username = account, refuses, namespace = 'there', others }: Server = {}): Api {
  const send = async (_method: string, path: string, body: unknown): Promise<unknown> => {
    if (refuses?.test(path)) throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    if (path.endsWith('selfsubjectreviews')) return { status: { userInfo: { username } } };
    if (path.endsWith('selfsubjectrulesreviews')) return { status: { resourceRules: rules } };
    const { group, resource, subresource, verb, name } = (body as { spec: { resourceAttributes: Record<string, string> } }).spec.resourceAttributes;
    return { status: { allowed: covered({ group: group ?? '', resource: subresource ? `${resource}/${subresource}` : resource ?? '', verb: verb ?? '', name }, rules) } };
  };
  const get = async (path: string): Promise<unknown> => {
    if (path.startsWith('/api/v1/namespaces?')) {
      if (!others) throw new ApiError(403, 'Forbidden', 'namespaces is forbidden');
      return { items: others.map((name) => ({ metadata: { name } })) };
    }
    if (namespace !== 'there') throw namespace === 'absent' ? new ApiError(404, 'NotFound', 'namespaces "shop" not found') : new ApiError(403, 'Forbidden', 'namespaces "shop" is forbidden');
    return {};
  };
  return { send, get } as unknown as Api;
}

const smoke = parseSmoke('service/api/ -> 200');
const needs = needsOf({ app: 'api', smoke: smoke.ok ? [smoke.value] : [], workloads: [{ kind: 'deployment', name: 'api' }, { kind: 'deployment', name: 'worker' }] });
const ofRun = (run: Partial<NamespaceOfRun> = {}): NamespaceOfRun => ({ namespace: 'shop', isSetting: true, ...run });
const check = (rules: readonly AllowedRule[], server?: Server, run?: Partial<NamespaceOfRun>) =>
  checkPermissions(serverOf(rules, server), ofRun(run), needs, new AbortController().signal);
const whole = documented.find(({ kind }) => kind === 'Role') as { metadata: { name: string }; rules: Required<AllowedRule>[] };
const less = (...resources: readonly string[]) => whole.rules.filter((rule) => !resources.some((resource) => rule.resources.includes(resource)));

async function printed(rules: readonly AllowedRule[], server?: Server) {
  const [problem] = (await check(rules, server)).problems;
  const text = problem?.attachment?.text ?? '';
  const [role, binding, ...others] = parseAllDocuments(text).map((document) => document.toJS());
  expect([role.kind, binding.kind, others]).toEqual(['Role', 'RoleBinding', []]);
  return { problem, text, role, binding };
}

describe('where nothing is allowed', () => {
  const first = async (...of: Parameters<typeof check>) => (await check(...of)).problems[0];

  it('a namespace that does not exist is what is wrong: that is the question, and no Role is printed for it', async () => {
    expect(await check([], { namespace: 'absent' })).toEqual({ warnings: [], problems: [{
      cause: 'config-invalid',
      message: `Is \`namespace: shop\` right? The account that deploys (${account}) belongs to the namespace ci. The namespace shop does not exist.`,
      hint: 'Correct `namespace`, or create the namespace shop and its workloads.',
    }] });
  });
  it('the nearest name of those that may be listed is suggested, and otherwise they are listed', async () => {
    expect((await first([], { namespace: 'absent', others: ['default', 'shopp', 'ci'] }))?.hint).toBe('Did you mean "shopp"?');
    expect((await first([], { namespace: 'absent', others: ['default', 'kube-system'] }))?.hint).toMatch(/ The namespaces of the cluster: default, kube-system\.$/);
    const many = Array.from({ length: 12 }, (_, index) => `team-${index}`);
    expect((await first([], { namespace: 'absent', others: many }))?.hint).toMatch(/team-8, team-9 and 2 more\.$/);
  });
  it('a name like that of the account is taken for a slip: no Role is printed, though nobody can see whether it exists', async () => {
    expect(await check([], { namespace: 'unknown', username: 'system:serviceaccount:my-app:deployer' }, { namespace: 'my-ap' })).toEqual({ warnings: [], problems: [{
      cause: 'permission-denied',
      message: 'Is `namespace: my-ap` right? The account that deploys (system:serviceaccount:my-app:deployer) belongs to the namespace my-app. ' +
        'It has none of the permissions that the run needs in namespace my-ap, and is not allowed to see whether that namespace exists (get namespaces).',
      hint: 'Did you mean "my-app"? If not, grant the account the Role in docs/rbac.yaml in namespace my-ap.',
    }] });
  });
  it('the kubeconfig shows where an account without a namespace belongs', async () => {
    const problem = await first([], { namespace: 'unknown', username: 'jane' }, { namespace: 'my-ap', ofContext: 'my-app' });
    expect(problem?.message).toMatch(/^Is `namespace: my-ap` right\? The kubeconfig names the namespace my-app\. The account that deploys \(jane\) has none of the permissions/);
    expect(problem).toMatchObject({ hint: expect.stringMatching(/^Did you mean "my-app"\?/) });
    expect(problem).not.toHaveProperty('attachment');
  });
  it('another namespace may be meant: the question comes first, and the Role after it', async () => {
    const problem = await first([], { namespace: 'unknown' });
    expect(problem?.message).toMatch(/^Is `namespace: shop` right\? The account .* belongs to the namespace ci\. It has none of the permissions that the run needs in namespace shop, and is not allowed to see whether that namespace exists \(get namespaces\): /);
    expect(problem?.hint).toMatch(/^If the namespace is right, apply the Role and/);
    expect(problem?.attachment?.text).toContain('kind: Role');
  });
  it('a namespace that may only be listed is there: no other name is suggested for it', async () => {
    const problem = await first([], { namespace: 'unknown', others: ['shop', 'shop1'], username: 'jane' }, { ofContext: 'shop1' });
    expect(problem?.message).not.toContain('get namespaces');
    expect(problem?.hint).not.toContain('Did you mean');
    expect(problem?.attachment?.text).toContain('kind: Role');
  });
  it('a namespace that is there is asked for first too', async () => {
    const problem = await first([], { username: 'jane' });
    expect(problem?.message).toMatch(/^Is `namespace: shop` right\? The account that deploys \(jane\) has none of the permissions that the run needs in namespace shop: /);
    expect((await first([], { username: 'jane' }, { isSetting: false }))?.message).toMatch(/^Is the namespace shop right\? `namespace` is not set\. The account/);
  });
  it('that of the account itself is not asked for', async () => {
    const problem = await first([], { namespace: 'unknown', username: 'system:serviceaccount:shop:deployer' });
    expect(problem?.message).toMatch(/^The account that deploys \(system:serviceaccount:shop:deployer\) has none of the permissions/);
    expect(problem?.hint).toMatch(/^Apply the Role and/);
    const absent = await first([], { namespace: 'absent', username: 'jane' }, { isSetting: false, ofContext: 'shop' });
    expect(absent).toMatchObject({ message: 'The namespace shop does not exist.', hint: 'Set `namespace`, or create the namespace shop and its workloads.' });
  });
  it('and where some is, a namespace that does not exist is what is wrong too', async () => {
    expect((await check(less('services/proxy'), { namespace: 'absent' })).problems.map(({ cause }) => cause)).toEqual(['config-invalid']);
  });
});

describe('what is printed of missing rights', () => {
  it('is a Role of its own, bound to the account: with the rights that there were, it is enough', async () => {
    const { problem, role, binding } = await printed(less('services/proxy'));
    expect(documented.map(({ metadata }) => metadata.name)).not.toContain(role.metadata.name);
    expect(role.rules).toEqual([
      { apiGroups: [''], resources: ['services/proxy'], verbs: ['get'] }, { apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] },
    ]);
    expect(binding).toMatchObject({
      metadata: { name: role.metadata.name, namespace: 'shop' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role.metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace: 'ci' }],
    });
    expect(problem?.message).toBe(`The account that deploys (${account}) lacks permissions that the run needs in namespace shop: get services/proxy; get pods/proxy.`);
    expect(problem?.hint).toMatch(/^Apply the Role and the RoleBinding below, then run again\. They do not change other permissions of the account\./);
    expect((await check([...less('services/proxy'), ...role.rules])).problems).toEqual([]);
  });
  it('has another name when other rights are missing, or those of another account, and the same for the same', async () => {
    const nameOf = async (...of: Parameters<typeof printed>) => (await printed(...of)).role.metadata.name;
    const names = [await nameOf(less('services/proxy')), await nameOf(less('leases')), await nameOf(less('services/proxy'), { username: 'system:serviceaccount:ci:other' })];
    expect(new Set(names).size).toBe(3);
    expect(await nameOf(less('services/proxy'))).toBe(names[0]);
  });
  it('names only those objects that the run touches, where a rule can name them', async () => {
    expect((await printed([])).role.rules).toEqual(expect.arrayContaining([
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['api', 'worker'], verbs: ['get', 'patch'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
      { apiGroups: [''], resources: ['configmaps'], resourceNames: ['deploy-ledger-api'], verbs: ['get', 'update'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['deploy-lock-api'], verbs: ['get', 'watch', 'update', 'patch'] },
    ]));
    expect((await check((await printed([])).role.rules)).problems).toEqual([]);
  });
  it.each<[string, object]>([
    ['jane@acme.example', { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane@acme.example' }],
    ['system:serviceaccount', { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:serviceaccount' }],
  ])('is bound to the user %s by this name', async (username, subject) => {
    expect((await printed([], { username })).binding.subjects).toEqual([subject]);
  });
  it('leaves the account to be filled in where the cluster does not tell it', async () => {
    const { problem, binding } = await printed(less('leases'), { refuses: /selfsubjectreviews$/ });
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: 'NAME-OF-THE-ACCOUNT', namespace: 'shop' }]);
    expect(problem?.message).toMatch(/^The account that deploys lacks permissions/);
    expect(problem?.hint).toMatch(/^Apply the Role and the RoleBinding below \(with the name of the account in place of NAME-OF-THE-ACCOUNT\), then run again/);
  });
});

describe('rights', () => {
  it('that name the ledger and the lock of the app are enough', async () => {
    const named: AllowedRule[] = [
      ...less('configmaps', 'leases'),
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }, { apiGroups: [''], resources: ['configmaps'], resourceNames: ['deploy-ledger-api'], verbs: ['get', 'update'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['deploy-lock-api'], verbs: ['get', 'watch', 'update', 'patch'] },
    ];
    expect(await check(named)).toEqual({ problems: [], warnings: [] });
    expect((await check(named.map((rule) => ({ ...rule, resourceNames: rule.resourceNames?.map((name) => `${name}-of-another`) })))).problems).toHaveLength(1);
  });
  it('that the rules do not show, and an access review does, are there', async () => {
    const server = serverOf(whole.rules);
    const send: Api['send'] = async <T>(method: 'POST', path: string, body: unknown) =>
      path.endsWith('selfsubjectrulesreviews') ? { status: { resourceRules: [], incomplete: true } } as T : server.send<T>(method, path, body);
    expect(await checkPermissions({ ...server, send } as Api, ofRun(), needs, new AbortController().signal)).toEqual({ problems: [], warnings: [] });
  });
  it('that cannot be asked for are told as a warning', async () => {
    expect(await check([], { refuses: /./ })).toEqual({
      problems: [], warnings: ['The cluster does not report the permissions of this account, so they could not be checked before the change.'],
    });
  });
});
