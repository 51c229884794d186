/** A namespace in which the app runs during a benchmark. */
import process from 'node:process';
import { createNamespace } from '../live/namespace.mjs';
import { createApp, push } from './app.mjs';

/** @typedef {import('../live/sandbox.mjs').SandboxEnvironment} SandboxEnvironment */
/** @typedef {import('../live/namespace.mjs').Namespace} Namespace */
/** @typedef {{ env: SandboxEnvironment, app: import('./app.mjs').App, namespace: Namespace }} Stand */

/**
 * How the app differs from its default.
 *
 * @typedef {object} Shape
 * @property {number} [replicas]
 * @property {Readonly<Record<string, unknown>>} [container] merged over the container
 * @property {Readonly<Record<string, unknown>>} [pod] merged over the spec of the pod
 * @property {(image: string) => readonly object[]} [initContainers]
 * @property {Readonly<Record<string, string>>} [labels] of the pods
 */

/** What has to be put away when a signal ends the benchmark. @type {Set<() => Promise<void>>} */
const open = new Set();
const onSignal = () => void Promise.allSettled([...open].map((tidy) => tidy())).finally(() => process.exit(130));

/**
 * Runs `use`, and `tidy` after it or when a signal ends the benchmark.
 *
 * @template T
 * @param {() => Promise<void>} tidy
 * @param {() => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function tidied(tidy, use) {
  if (open.size === 0) process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  open.add(tidy);
  try {
    return await use();
  } finally {
    open.delete(tidy);
    if (open.size === 0) process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await tidy();
  }
}

/**
 * Runs `use` with the app built and its first release pushed.
 *
 * @template T
 * @param {SandboxEnvironment} env
 * @param {(app: import('./app.mjs').App, first: string) => Promise<T>} use gets the reference of the first release
 */
export async function withBuilt(env, use) {
  const app = await createApp(env);
  return tidied(async () => app.remove(), async () => use(app, `${app.image}:${(await push(env, app, {})).tag}`));
}

/**
 * Runs `use` in a namespace of its own, with nothing in it but the account.
 *
 * @template T
 * @param {SandboxEnvironment} env
 * @param {(namespace: Namespace) => Promise<T>} use
 */
export async function withNamespace(env, use) {
  const namespace = await createNamespace(env, 'bench');
  return tidied(() => namespace.remove(), () => use(namespace));
}

/**
 * Runs `use` with a namespace in which the app runs as the Deployment `web`, healthy, behind a Service.
 *
 * @template T
 * @param {SandboxEnvironment} env
 * @param {(stand: Stand & { first: string }) => Promise<T>} use gets the reference of the release that runs
 */
export const withApp = (env, use) => withBuilt(env, (app, first) => withNamespace(env, async (namespace) => {
  await start(namespace, [deployment('web', first), service('web')]);
  return use({ env, app, namespace, first });
}));

/**
 * Applies the objects and waits until all Deployments among them are complete.
 *
 * @param {Namespace} namespace
 * @param {readonly { kind: string, metadata: { name: string } }[]} objects
 */
export async function start(namespace, objects) {
  await apply(namespace, objects);
  await complete(namespace, objects.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name));
}

/** @param {Namespace} namespace @param {readonly object[]} objects */
export const apply = (namespace, objects) => namespace.kubectl(['apply', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));

/** @param {Namespace} namespace @param {readonly string[]} deployments */
export async function complete(namespace, deployments) {
  for (const name of deployments) await namespace.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=180s']);
}

/** Waits until pods that were replaced are gone, so that nothing of one measurement is left in the next. @param {Namespace} namespace */
export async function settled(namespace) {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const times = await namespace.kubectl(['get', 'pods', '--output=jsonpath={.items[*].metadata.deletionTimestamp}']);
    if (times.trim() === '') return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/**
 * @param {string} name
 * @param {string} image
 * @param {Shape} [shape]
 */
export const deployment = (name, image, { replicas = 3, container, pod, initContainers, labels } = {}) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
  spec: {
    replicas, selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name, ...labels } },
      spec: {
        automountServiceAccountToken: false, terminationGracePeriodSeconds: 5,
        ...initContainers ? { initContainers: initContainers(image) } : {},
        containers: [{
          name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 }, ...container,
        }],
        ...pod,
      },
    },
  },
});

/** @param {string} name @param {Readonly<Record<string, string>>} [selector] */
export const service = (name, selector = { app: name }) => ({
  apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
});
