/** Releases that fail, each in one way, on an app that is healthy before; and how a peer would name what is wrong. */
import { apply } from './stand.mjs';

/** @typedef {import('./stand.mjs').Namespace} Namespace */
/** @typedef {{ image: string, tag: string, digest: string }} Pushed */

/**
 * @typedef {object} CauseCase
 * @property {string} what
 * @property {string} cause that must be named
 * @property {string} target until the verdict
 * @property {boolean} [slow] the verdict needs patience: measured beside others that do
 * @property {string} [patience] set for this measurement, where the default is more than one can wait for
 * @property {import('./app.mjs').Release | 'absent' | 'private'} release
 * @property {import('./stand.mjs').Shape} [shape]
 * @property {readonly { kind: string, metadata: { name: string } }[]} [objects] before the app
 * @property {string} [selector] the app whose Service leads to the pods with the label `tier: front`
 * @property {readonly object[]} [rights] more than docs/rbac.yaml gives
 * @property {(namespace: Namespace) => Promise<unknown>} [prepare] between the healthy version and the run
 * @property {(namespace: Namespace, pushed: Pushed) => Promise<unknown>} [atChange] in the moment when the image is set
 * @property {(namespace: Namespace) => Promise<unknown>} [mend] takes back what `atChange` did
 * @property {RegExp} names the words in the output of a peer that would name it
 */

const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { greeting: 'hi' } };
const applySettings = (/** @type {Namespace} */ namespace) => apply(namespace, [settings]);
const removeSettings = (/** @type {Namespace} */ namespace) => namespace.kubectl(['delete', 'configmap', 'settings']);
const greeting = { container: { env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting' } } }] } };

/** Room for the pods that are there, and for no other. @param {Namespace} namespace */
async function fillQuota(namespace) {
  await apply(namespace, [{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: '3' } } }]);
  await namespace.kubectl(['wait', 'resourcequota/few', '--for=jsonpath={.status.used.pods}=3', '--timeout=60s']);
}

const antiAffinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }] } };

/** @type {readonly CauseCase[]} */
export const cases = [
  { what: 'missing image', cause: 'image-not-found', target: '4 s', release: 'absent', names: /not found|ErrImagePull/ },
  { what: 'image removed during the run', cause: 'image-not-found', target: '4 s', release: {}, atChange: (_, pushed) => removeImage(pushed), names: /not found|ErrImagePull/ },
  { what: 'image for another architecture', cause: 'image-platform-missing', target: '4 s', release: { platforms: 'linux/arm64' }, names: /no match for platform/ },
  {
    what: 'the node is not allowed to pull', cause: 'image-name-invalid', target: 'at once', release: {}, names: /ErrImageNeverPull/,
    shape: { container: { imagePullPolicy: 'Never' } },
  },
  { what: 'crash at once', cause: 'crash-loop', target: '8 s', release: { mode: 'crash' }, names: /exit code|CrashLoop|config\/production\.yml/ },
  {
    what: 'out of memory', cause: 'out-of-memory', target: 'second kill', release: { mode: 'oom' }, names: /OOM/,
    shape: { container: { resources: { limits: { memory: '32Mi' } } } },
  },
  {
    what: 'init container fails', cause: 'init-failed', target: 'second failure', release: { migration: 'crash' }, names: /exit code|CrashLoop|migrate/,
    shape: { initContainers: (image) => [{ name: 'migrate', image, env: [{ name: 'ROLE', value: 'migrate' }] }] },
  },
  {
    what: 'killed by its liveness probe', cause: 'probe-killed', target: 'second kill', release: { mode: 'liveness-dead,slow-ready=60s' }, names: /[Ll]iveness/,
    shape: { container: { livenessProbe: { httpGet: { path: '/live', port: 'http' }, periodSeconds: 1, failureThreshold: 1 } } },
  },
  { what: 'entry point not in the image', cause: 'container-start', target: 'second start', release: { dockerfile: 'Dockerfile.no-entry' }, names: /nothere/ },
  { what: 'key of a ConfigMap missing', cause: 'container-config', target: '0 s', release: {}, shape: greeting, objects: [settings], prepare: removeSettings, names: /settings/ },
  {
    what: 'quota full, account can read it', cause: 'quota-exceeded', target: '0 s', release: {}, prepare: fillQuota, names: /exceeded quota/,
    rights: [{ apiGroups: [''], resources: ['resourcequotas'], verbs: ['get', 'list'] }],
  },
  { what: 'ready, returns status 500', cause: 'smoke-failed', target: '–', release: { mode: 'wrong-answer,serve-after-term=2s' }, names: /500/ },
  {
    what: 'Service also selects other pods', cause: 'wrong-version-serving', target: '15 s', slow: true, release: {}, names: /legacy/,
    shape: { labels: { tier: 'front' } }, selector: 'front',
  },
  {
    what: 'key of a ConfigMap removed during the run', cause: 'container-config', target: '12 s', slow: true, release: {}, shape: greeting, objects: [settings],
    atChange: removeSettings, mend: applySettings, names: /settings/,
  },
  { what: 'pods have no login', cause: 'image-pull-denied', target: 'second attempt, 15 s', slow: true, release: 'private', names: /authoriz|denied|ErrImagePull/ },
  { what: 'quota full', cause: 'quota-exceeded', target: '20 s', slow: true, release: {}, prepare: fillQuota, names: /exceeded quota/ },
  {
    what: 'rejected by pod security', cause: 'admission-denied', target: '20 s', slow: true, release: {}, names: /PodSecurity/,
    prepare: (namespace) => namespace.kubectl(['label', 'namespace', namespace.name, 'pod-security.kubernetes.io/enforce=restricted']),
  },
  {
    what: 'volume removed during the run', cause: 'volume-mount', target: '20 s', slow: true, release: {}, objects: [settings],
    atChange: removeSettings, mend: applySettings, names: /FailedMount|settings/,
    shape: { container: { volumeMounts: [{ name: 'settings', mountPath: '/settings' }] }, pod: { volumes: [{ name: 'settings', configMap: { name: 'settings' } }] } },
  },
  { what: 'never ready', cause: 'not-ready', target: '60 s', slow: true, release: { mode: 'unready' }, names: /probe|503/ },
  {
    what: 'no suitable node', cause: 'unschedulable', target: '10 s set, of 180 s', slow: true, patience: '10s', release: {}, names: /Unschedulable|affinity/,
    shape: { replicas: 1, pod: { affinity: antiAffinity } },
  },
];

/** @param {Pushed} pushed from a registry without TLS */
async function removeImage({ image, digest }) {
  const [host, ...path] = image.split('/');
  const { status } = await fetch(`http://${host}/v2/${path.join('/')}/manifests/${digest}`, { method: 'DELETE' });
  if (status !== 202) throw new Error(`${image}@${digest} cannot be removed from the registry: status ${status}`);
}
