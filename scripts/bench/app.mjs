/** The app that is deployed by the benchmarks: the one of the end-to-end tests, which fails as it is told to. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createNamespace } from '../live/namespace.mjs';
import { ask } from '../live/program.mjs';
import { root } from '../live/sandbox.mjs';

/** @typedef {import('../live/sandbox.mjs').SandboxEnvironment} SandboxEnvironment */

export const platforms = 'linux/amd64,linux/arm64';

/**
 * @typedef {object} App
 * @property {string} context folder to build from
 * @property {string} image repository
 * @property {() => string} change changes the source, so that the next build is of a new release; gives what it answers
 * @property {() => void} remove
 */

/** The release is a file, so a new one is a new layer that is built, pushed and pulled. */
const dockerfile = `FROM scratch
ARG TARGETARCH
COPY app-\${TARGETARCH} /app
COPY release.txt /release.txt
ARG VERSION
ARG MODE=ok
ENV VERSION=\${VERSION} MODE=\${MODE}
ENTRYPOINT ["/app"]
`;

/**
 * @param {SandboxEnvironment} env
 * @returns {Promise<App>}
 */
export async function createApp(env) {
  const context = mkdtempSync(join(tmpdir(), 'bench-app-'));
  const source = join(context, 'source');
  cpSync(join(root, '__tests__', 'e2e', 'app'), source, { recursive: true });
  for (const architecture of ['amd64', 'arm64']) {
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(context, `app-${architecture}`), '.'];
    await ask('go', args, { cwd: source, env: { ...env, CGO_ENABLED: '0', GOOS: 'linux', GOARCH: architecture } });
  }
  rmSync(source, { recursive: true });
  writeFileSync(join(context, 'Dockerfile'), dockerfile);
  return {
    context, image: `${env.REGISTRY}/bench/app`,
    change: () => {
      const release = randomBytes(6).toString('hex');
      writeFileSync(join(context, 'release.txt'), release);
      return release;
    },
    remove: () => [context, metadataOf(context)].forEach((path) => rmSync(path, { recursive: true, force: true })),
  };
}

/** Beside the context: in it, it would be part of the next build. @param {string} context */
const metadataOf = (context) => `${context}.metadata.json`;

/**
 * Builds and pushes a release of the app by hand.
 *
 * @param {SandboxEnvironment} env
 * @param {App} app
 * @param {string} mode faults, see __tests__/e2e/app/main.go
 * @returns {Promise<{ tag: string, digest: string }>}
 */
export async function push(env, app, mode) {
  const release = app.change();
  const metadata = metadataOf(app.context);
  await ask('docker', [...buildCommand(env, app, release, mode), `--metadata-file=${metadata}`, app.context], { env });
  return { tag: release, digest: JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.digest'] };
}

/**
 * @param {SandboxEnvironment} env
 * @param {App} app
 * @param {string} release
 * @param {string} mode
 */
export const buildCommand = (env, app, release, mode) => [
  'buildx', 'build', `--builder=${env.BUILDER}`, `--platform=${platforms}`, '--push', `--tag=${app.image}:${release}`,
  `--build-arg=VERSION=${release}`, `--build-arg=MODE=${mode}`,
];

/** Serves on after SIGTERM for as long as the load balancing takes, as an app should. */
export const calm = 'serve-after-term=2s';

/**
 * Runs `use` with a namespace in which the app runs as the Deployment `web`, healthy, behind a Service.
 *
 * @template T
 * @param {SandboxEnvironment} env
 * @param {(stand: { env: SandboxEnvironment, app: App, namespace: import('../live/namespace.mjs').Namespace }) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withApp(env, use) {
  const [app, namespace] = await Promise.all([createApp(env), createNamespace(env, 'bench')]);
  const tidy = () => {
    app.remove();
    return namespace.remove();
  };
  const onSignal = () => void tidy().finally(() => process.exit(130));
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const { tag } = await push(env, app, calm);
    await namespace.kubectl(['apply', '--filename=-'], manifest(`${app.image}:${tag}`));
    await namespace.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    return await use({ env, app, namespace });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await tidy();
  }
}

/** @param {string} image */
const manifest = (image) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 5
      containers:
        - name: web
          image: ${image}
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /ready, port: http }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: http }]
`;
