import { call, pathOf, type Any } from '../e2e/harness/api.js';
import { eventually } from '../e2e/harness/environment.js';
import type { Space } from '../e2e/harness/namespace.js';
import { grant } from '../e2e/harness/rights.js';
import { settings } from './shape.js';

/*
 * What is done to a namespace so that a release must fail, and how it is taken back. Everything may be taken back twice,
 * and though it was never done.
 */

type Act = (space: Space) => Promise<unknown>;
const gone = (removing: Promise<unknown>): Promise<unknown> => removing.catch(() => undefined);

export const dropKey: Act = (space) => space.patch('ConfigMap', settings.name, { data: { greeting: null, other: 'x' } });
export const restoreKey: Act = (space) => space.patch('ConfigMap', settings.name, { data: { ...settings.data, other: null } });

export const dropMap: Act = (space) => gone(space.remove('ConfigMap', settings.name));
export const dropSecret: Act = (space) => gone(space.remove('Secret', settings.name));
export const restoreMap: Act = (space) => space.apply(mapOfSettings());
export const restoreSecret: Act = (space) => space.apply(secretOfSettings());
const mapOfSettings = (): Any => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: settings.name }, data: settings.data });
const secretOfSettings = (): Any => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: settings.name }, stringData: settings.data });
export const objectsOfSettings = (): Any[] => [mapOfSettings(), secretOfSettings()];

/** No pod may come besides those that are there. */
export const fillQuota: Act = (space) => space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'full' }, spec: { hard: { pods: '0' } } });
export const liftQuota: Act = (space) => gone(space.remove('ResourceQuota', 'full'));

/** Pods are refused that may do more than the strictest standard allows, as these may. */
export const allowOnly = (standard: string | null): Act => (space) =>
  call('PATCH', `/api/v1/namespaces/${space.name}`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': standard } } }, 'application/merge-patch+json');

/** Lets the account see more than the documented Role does, so that the check beforehand knows more. */
export const mayRead = (resource: string): Act => (space) => grant(space, { apiGroups: [''], resources: [resource], verbs: ['get', 'list'] });
export const mayReadNoMore: Act = async (space) => {
  for (const kind of ['RoleBinding', 'Role']) await gone(space.remove(kind, 'deployer-more'));
};

const rbac = '/apis/rbac.authorization.k8s.io/v1';
/** The same for nodes, which belong to no namespace. */
export const mayReadNodes: Act = async (space) => {
  const metadata = { name: space.name };
  await call('POST', `${rbac}/clusterroles`, { metadata, rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }] });
  await call('POST', `${rbac}/clusterrolebindings`, {
    metadata, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: space.name },
    subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace: space.name }],
  });
};
export const mayReadNodesNoMore: Act = async (space) => {
  for (const plural of ['clusterrolebindings', 'clusterroles']) await gone(call('DELETE', `${rbac}/${plural}/${space.name}`));
};

const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'list', 'watch', 'create', 'update', 'patch'] };
const otherRules = (rules: readonly Any[]): Any[] => rules.filter((rule) => !rule.resources.includes('leases'));
export const takeRight: Act = async (space) => space.patch('Role', 'deployer', { rules: otherRules((await space.get('Role', 'deployer')).rules) });
export const giveRight: Act = async (space) => space.patch('Role', 'deployer', { rules: [...otherRules((await space.get('Role', 'deployer')).rules), leases] });

/** Kubernetes itself gives up after so many seconds without progress; 600 is what it takes by itself. */
export const ownDeadline = (seconds: number): Act => async (space) => {
  for (const { metadata } of await space.list('Deployment')) await space.patch('Deployment', metadata.name, { spec: { progressDeadlineSeconds: seconds } });
};

/** As `kubectl set image` by hand, of a version that crashes. The controller waits for its first pod, and never replaces it. */
export async function breakStatefulSet(space: Space, digest: string): Promise<void> {
  const { spec } = await space.get('StatefulSet', 'web');
  const containers = spec.template.spec.containers.map((container: Any) => ({ ...container, image: container.image.replace(/@.*$/, `@${digest}`) }));
  await space.patch('StatefulSet', 'web', { spec: { template: { spec: { containers } } } });
  const crashed = ({ spec: { containers: [web] }, status }: Any): boolean =>
    web.image.endsWith(digest) && status?.containerStatuses?.some((container: Any) => container.restartCount > 1);
  await eventually('a pod that crashes', async () => (await space.list('Pod', 'app=web')).some(crashed));
}

/** Somebody else's pod, with the version that is there now, behind the Service of the app. */
export const addStranger: Act = async (space) => {
  await noMore(space, 'stranger');
  const workloads = (await Promise.all(['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => space.list(kind, 'app=web')))).flat();
  const image = workloads[0]?.spec.template.spec.containers[0].image;
  await space.apply({
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stranger', labels: { app: 'stranger', tier: 'front' } },
    spec: {
      automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, volumes: [{ name: 'state', emptyDir: {} }],
      containers: [{
        name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }], volumeMounts: [{ name: 'state', mountPath: '/state' }],
        readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 },
      }],
    },
  });
  await space.until('Pod', 'stranger', 'is ready', (pod) => pod.status?.conditions?.some((each: Any) => each.type === 'Ready' && each.status === 'True'));
  await space.patch('Service', 'web', { spec: { selector: { app: null, tier: 'front' } } });
  await eventually('the stranger is behind the Service', async () => {
    const slices = await call('GET', `${pathOf('EndpointSlice', space.name)}?labelSelector=kubernetes.io/service-name=web`);
    return slices.items.some((slice: Any) => slice.endpoints?.some((endpoint: Any) => endpoint.targetRef?.name === 'stranger' && endpoint.conditions.ready));
  });
};
export const removeStranger: Act = async (space) => {
  await space.patch('Service', 'web', { spec: { selector: { app: 'web', tier: null } } });
  await gone(space.remove('Pod', 'stranger'));
  await noMore(space, 'stranger');
};

/** What is on its way out takes no new settings, and then it is gone: the next of its name has to wait for that. */
const noMore = (space: Space, pod: string): Promise<unknown> => eventually(`pod ${pod} is gone`, async () => (await space.get('Pod', pod)) === undefined);

/** Has an image brought to the node, where the app's own pods may not pull. */
export async function bringToNode(space: Space, image: string): Promise<void> {
  await noMore(space, 'bringer');
  await space.apply({
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bringer' },
    spec: { automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, containers: [{ name: 'web', image }] },
  });
  await space.until('Pod', 'bringer', 'runs', (pod) => pod.status?.phase === 'Running');
  await space.remove('Pod', 'bringer');
}
