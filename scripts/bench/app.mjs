/** The app that is deployed by the benchmarks: the one of the end-to-end tests, which fails in the configured way. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
ARG MIGRATION=exit-zero
ENV VERSION=\${VERSION} MODE=\${MODE} MODE_migrate=\${MIGRATION}
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
  writeFileSync(join(context, 'Dockerfile'), `${dockerfile}ENTRYPOINT ["/app"]\n`);
  writeFileSync(join(context, 'Dockerfile.no-entry'), `${dockerfile}ENTRYPOINT ["/nothere"]\n`);
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
 * @typedef {object} Release
 * @property {string} [mode] faults, see __tests__/e2e/app/main.go
 * @property {string} [migration] the same for its init container, where it has one
 * @property {string} [platforms]
 * @property {string} [dockerfile] of the context
 */

/**
 * Builds and pushes a release of the app by hand. One at a time: they share the context.
 *
 * @param {SandboxEnvironment} env
 * @param {App} app
 * @param {Release} release
 * @returns {Promise<{ image: string, tag: string, digest: string }>}
 */
export async function push(env, app, { mode = calm, migration, platforms: only = platforms, dockerfile: file = 'Dockerfile' }) {
  const tag = app.change();
  const metadata = metadataOf(app.context);
  const more = [...migration === undefined ? [] : [`--build-arg=MIGRATION=${migration}`], `--file=${join(app.context, file)}`];
  await ask('docker', [...buildCommand(env, app, tag, mode, only), ...more, `--metadata-file=${metadata}`, app.context], { env });
  return { image: app.image, tag, digest: JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.digest'] };
}

/**
 * The command as a user types it, without the folder.
 *
 * @param {SandboxEnvironment} env
 * @param {App} app
 * @param {string} release
 * @param {string} mode
 * @param {string} [only] platforms
 */
export const buildCommand = (env, app, release, mode, only = platforms) => [
  'buildx', 'build', `--builder=${env.BUILDER}`, `--platform=${only}`, '--push', `--tag=${app.image}:${release}`, `--build-arg=VERSION=${release}`, `--build-arg=MODE=${mode}`,
];

/** Serves on after SIGTERM for as long as the load balancing takes, as an app should. */
export const calm = 'serve-after-term=2s';
