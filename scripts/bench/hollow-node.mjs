/**
 * A node that runs nothing: pods that are bound to it are said to be ready some seconds later. What is measured on it is
 * the API server, its controllers and its clients, and not how fast one machine starts fifty containers.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tidied } from './stand.mjs';

const name = 'bench-hollow';
const heartbeatMs = 5000;

/** What keeps all other pods from the node, and lets those of a benchmark on it. */
export const onHollowNode = {
  nodeSelector: { 'kubernetes.io/hostname': name },
  tolerations: [{ key: 'bench/hollow', operator: 'Exists', effect: 'NoSchedule' }],
};

/**
 * Runs `use` while the node is there.
 *
 * @template T
 * @param {import('./stand.mjs').Stand['env']} env
 * @param {number} readyAfterMs from when a pod is bound
 * @param {() => Promise<T>} use
 */
export async function withHollowNode(env, readyAfterMs, use) {
  const proxy = spawn('kubectl', ['proxy', '--port=0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(proxy.stdout), 'line');
  const address = `http://${/127\.0\.0\.1:\d+/.exec(line)?.[0]}`;
  const over = new AbortController();
  const call = caller(address, over.signal);
  const tidy = async () => {
    await call('DELETE', `/api/v1/nodes/${name}`).catch(() => undefined);
    over.abort();
    proxy.kill();
  };
  return tidied(tidy, async () => {
    await register(call);
    const beating = setInterval(() => void heartbeat(call).catch(() => undefined), heartbeatMs);
    over.signal.addEventListener('abort', () => clearInterval(beating));
    void serve(address, call, readyAfterMs, over.signal).catch(() => undefined);
    return use();
  });
}

/** @typedef {(method: string, path: string, body?: unknown) => Promise<any>} Call */

/** @param {string} address @param {AbortSignal} signal @returns {Call} */
const caller = (address, signal) => async (method, path, body) => {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const answer = await fetch(address + path, { method, signal, headers: { 'content-type': type }, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok && answer.status !== 404) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
};

const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

/** @param {Call} call */
async function register(call) {
  await call('DELETE', `/api/v1/nodes/${name}`);
  await call('POST', '/api/v1/nodes', {
    apiVersion: 'v1', kind: 'Node', spec: { taints: [{ key: 'bench/hollow', effect: 'NoSchedule' }] },
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' } },
  });
  await heartbeat(call);
}

/** A node that is silent is taken for lost after 40 s. @param {Call} call */
async function heartbeat(call) {
  const room = { cpu: '64', memory: '64Gi', pods: '500' };
  const condition = { type: 'Ready', status: 'True', reason: 'Hollow', message: 'It runs nothing.', lastHeartbeatTime: now(), lastTransitionTime: now() };
  await call('PATCH', `/api/v1/nodes/${name}/status`, { status: { capacity: room, allocatable: room, conditions: [condition] } });
}

/**
 * Sends the status updates of a kubelet to the API server, and does nothing else.
 *
 * @param {string} address
 * @param {Call} call
 * @param {number} readyAfterMs
 * @param {AbortSignal} signal
 */
async function serve(address, call, readyAfterMs, signal) {
  const seen = new Set();
  const answer = await fetch(`${address}/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3D${name}`, { signal });
  let rest = '';
  for await (const part of /** @type {AsyncIterable<Uint8Array>} */ (answer.body)) {
    const lines = (rest + Buffer.from(part).toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const { type, object: pod } of lines.filter(Boolean).map((each) => JSON.parse(each))) {
      const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
      if (type !== 'DELETED' && pod.metadata.deletionTimestamp) void call('DELETE', path, { gracePeriodSeconds: 0 }).catch(() => undefined);
      else if (type === 'ADDED' && !seen.has(pod.metadata.uid)) {
        seen.add(pod.metadata.uid);
        setTimeout(() => void call('PATCH', `${path}/status`, { status: running(pod, seen.size) }).catch(() => undefined), readyAfterMs);
      }
    }
  }
}

/** @param {any} pod @param {number} count */
function running(pod, count) {
  const podIP = `192.0.2.${(count % 250) + 1}`;
  const condition = (/** @type {string} */ type) => ({ type, status: 'True', lastTransitionTime: now() });
  return {
    phase: 'Running', startTime: now(), podIP, podIPs: [{ ip: podIP }],
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
    containerStatuses: pod.spec.containers.map((/** @type {{ name: string, image: string }} */ { name: container, image }) => ({
      name: container, image, imageID: image, ready: true, started: true, restartCount: 0, state: { running: { startedAt: now() } },
    })),
  };
}
