/**
 * Counts the requests of one account by the API server's own metrics. apiserver_request_total knows no user, but its flow
 * control does: a FlowSchema that matches the account and nothing else gives it separate counters, in
 * apiserver_flowcontrol_dispatched_requests_total, one for each FlowSchema. So nothing of what controllers and the
 * kubelet do is in the figures. The account keeps the priority level that it has without.
 *
 * Flow control leaves out requests that last by design, other than watches: those through the proxy of a pod or Service,
 * and logs. They are taken from apiserver_request_total, so whatever
 * else is asked through the API server at that time is among them: they are listed separately and not included in any sum.
 */
import { ask } from '../live/program.mjs';
import { tidied } from './stand.mjs';

/** What is counted apart; the first FlowSchema that matches counts. @type {Readonly<Record<string, object>>} */
const kinds = {
  leases: rule(['*'], ['coordination.k8s.io'], ['leases']),
  watches: rule(['watch'], ['*'], ['*']),
  reads: rule(['get', 'list'], ['*'], ['*']),
  writes: rule(['*'], ['*'], ['*']),
  discovery: { nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] },
};

/**
 * @param {readonly string[]} verbs
 * @param {readonly string[]} apiGroups
 * @param {readonly string[]} resources
 */
function rule(verbs, apiGroups, resources) {
  return { resourceRules: [{ verbs, apiGroups, resources, clusterScope: true, namespaces: ['*'] }] };
}

/** @typedef {Record<'leases' | 'watches' | 'reads' | 'writes' | 'discovery' | 'proxied', number>} Counts */

/** All that are counted for the account alone, but for Leases, which are renewed by the clock. @param {Counts} counts */
export const totalOf = ({ watches, reads, writes, discovery }) => watches + reads + writes + discovery;

/**
 * Runs `use` with a function that returns how many requests the account of the namespace sends while another function runs.
 *
 * @template T
 * @param {import('./stand.mjs').Stand['env']} env
 * @param {import('./stand.mjs').Namespace} namespace
 * @param {(counted: <R>(act: () => Promise<R>) => Promise<{ result: R, counts: Counts }>) => Promise<T>} use
 */
export async function withCounter(env, namespace, use) {
  const nameOf = (/** @type {string} */ kind) => `${namespace.name}-${kind}`;
  const account = { kind: 'ServiceAccount', serviceAccount: { name: 'deployer', namespace: namespace.name } };
  const schemas = Object.entries(kinds).map(([kind, rules], place) => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema', metadata: { name: nameOf(kind) },
    spec: {
      priorityLevelConfiguration: { name: 'workload-low' }, matchingPrecedence: 1000 + place, distinguisherMethod: { type: 'ByUser' },
      rules: [{ subjects: [account], ...rules }],
    },
  }));
  const remove = () => namespace.kubectl(['delete', 'flowschemas', '--ignore-not-found', ...schemas.map(({ metadata }) => metadata.name)]);
  return tidied(async () => { await remove(); }, async () => {
    await namespace.kubectl(['create', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: schemas }));
    const read = () => readCounts(namespace, nameOf);
    await inForce(env, namespace, read);
    return use(async (act) => {
      const before = await read();
      const result = await act();
      const after = await read();
      const entries = Object.entries(after).map(([kind, count]) => [kind, count - before[/** @type {keyof Counts} */ (kind)]]);
      if (entries.some(([, count]) => Number(count) < 0)) throw new Error('The API server was restarted while its requests were counted.');
      return { result, counts: /** @type {Counts} */ (Object.fromEntries(entries)) };
    });
  });
}

/**
 * The server takes a moment to load a FlowSchema: sends requests as the account until each of them counts.
 *
 * @param {import('./stand.mjs').Stand['env']} env
 * @param {import('./stand.mjs').Namespace} namespace
 * @param {() => Promise<Counts>} read
 */
async function inForce(env, { kubeconfig }, read) {
  const own = { env: { ...env, KUBECONFIG: kubeconfig } };
  for (let attempt = 0; attempt < 60; attempt += 1) {
    await ask('kubectl', ['get', 'lease', 'none', '--ignore-not-found'], own);
    await ask('kubectl', ['get', 'pods', '--output=name'], own);
    await ask('kubectl', ['get', '--raw', '/version'], own);
    await ask('kubectl', ['auth', 'can-i', 'get', 'pods'], own).catch(() => undefined);
    const { leases, reads, writes, discovery } = await read();
    if (leases > 0 && reads > 0 && writes > 0 && discovery > 0) return;
  }
  throw new Error('The API server does not count by the FlowSchemas of this benchmark.');
}

/**
 * @param {import('./stand.mjs').Namespace} namespace
 * @param {(kind: string) => string} nameOf
 * @returns {Promise<Counts>}
 */
async function readCounts(namespace, nameOf) {
  const metrics = await namespace.kubectl(['get', '--raw', '/metrics']);
  const sum = (/** @type {RegExp} */ pattern) => [...metrics.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  const dispatched = (/** @type {string} */ kind) => sum(new RegExp(`^apiserver_flowcontrol_dispatched_requests_total\\{flow_schema="${nameOf(kind)}",[^}]*\\} (\\S+)$`, 'gm'));
  return {
    leases: dispatched('leases'), watches: dispatched('watches'), reads: dispatched('reads'), writes: dispatched('writes'), discovery: dispatched('discovery'),
    proxied: sum(/^apiserver_request_total\{[^}]*subresource="(?:proxy|log)"[^}]*\} (\S+)$/gm),
  };
}
