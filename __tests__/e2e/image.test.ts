import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BuildConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/host/clock.js';
import { createFiles } from '../../src/host/files.js';
import { createProcessRunner } from '../../src/host/process.js';
import { build } from '../../src/image/build.js';
import { inspectBuilder } from '../../src/image/builder.js';
import { ownAccess, type DockerAccess, type DockerPorts } from '../../src/image/docker.js';
import { logIn } from '../../src/image/login.js';
import { describeImage, moveTags } from '../../src/image/registry.js';
import { chooseTags } from '../../src/image/tags.js';
import { environment } from './harness/environment.js';

jest.setTimeout(300_000);

const { registry, authRegistry, authUsername, authPassword, builder, dockerConfig } = environment();
const revision = '80438e3a1b2c3d4e5f60718293a4b5c6d7e8f901';
const processes = createProcessRunner();

let folder: string;
let printed: string[];
let warnings: string[];

const ports = (): DockerPorts => ({
  process: processes, clock: { ...systemClock, sleep: () => Promise.resolve() }, files: createFiles(join(folder, 'tmp')), env: process.env,
  cancelled: new AbortController().signal,
  log: {
    mask: () => undefined, keep: () => undefined, hides: () => true, redact: (text) => text,
    info: () => undefined, error: () => undefined, progress: () => undefined,
    warning: (text) => warnings.push(text), output: (line) => printed.push(line), command: (line) => printed.push(line), group: (_title, body) => body(),
  },
});

/** A context with a static program for two processors, so that nothing has to be pulled. */
function makeContext(): void {
  mkdirSync(join(folder, 'context'));
  mkdirSync(join(folder, 'tmp'));
  writeFileSync(join(folder, 'context', 'main.go'), 'package main\nimport "os"\nfunc main() {\n\tif len(os.Args) > 1 { b, _ := os.ReadFile(os.Args[1]); println(len(b)); os.Exit(len(b) % 100) }\n}\n');
  for (const arch of ['amd64', 'arm64']) {
    execFileSync('go', ['build', '-ldflags=-s -w', '-o', join(folder, 'context', `app-${arch}`), join(folder, 'context', 'main.go')],
      { env: { ...process.env, CGO_ENABLED: '0', GOARCH: arch, GOFLAGS: '-mod=mod', GO111MODULE: 'off' } });
  }
  dockerfile('Dockerfile', 'FROM scratch', 'ARG TARGETARCH', 'COPY app-$TARGETARCH /app', 'ENTRYPOINT ["/app"]');
}

function dockerfile(name: string, ...lines: readonly string[]): string {
  const path = join(folder, 'context', name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const config = (changes: Partial<BuildConfig> = {}): BuildConfig => ({
  context: join(folder, 'context'), buildArgs: {}, buildSecrets: {}, platforms: ['linux/amd64', 'linux/arm64'], labels: {}, builder, cache: 'none', ...changes,
});

async function buildIt(
  image: string, changes: Partial<BuildConfig> = {}, tags: readonly string[] = [revision], access: DockerAccess = ownAccess, commit = revision,
) {
  const asked = config(changes);
  return build(ports(), access, {
    build: asked, image, builder: await inspectBuilder(ports(), access, asked),
    tags: chooseTags({ tags, commit, onDefaultBranch: true }),
    source: { revision: commit, committedAt: 1_700_000_000, url: 'https://example.test/acme/hello' },
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-test-'));
  makeContext();
});
beforeEach(() => {
  printed = [];
  warnings = [];
});
afterAll(() => rmSync(folder, { recursive: true }));
const leftOver = () => readdirSync(join(folder, 'tmp'));

describe('an image of two platforms', () => {
  it('is built, pushed by the commit, and found in the registry', async () => {
    const image = `${registry}/image-test/two`;
    const built = await buildIt(image, { buildArgs: { '--GREETING': '$(id); "x"' }, labels: { 'org.opencontainers.image.title': 'Hello, "world"' } }, [revision, 'latest']);
    expect(built).toEqual({
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), platforms: ['linux/amd64', 'linux/arm64'],
      reference: `${image}:${revision}@${built.digest}`, tags: [revision],
    });
    expect(await describeImage(ports(), ownAccess, `${image}:${revision}`)).toMatchObject({ state: 'present', digest: built.digest, platforms: built.platforms });
    expect(await describeImage(ports(), ownAccess, `${image}:latest`)).toEqual({ state: 'absent' });
    expect(leftOver()).toEqual([]);
  });

  it('is the same when it is built again from the same commit', async () => {
    const image = `${registry}/image-test/again`;
    const [first, second] = [await buildIt(image), await buildIt(image, { cache: 'registry' })];
    const index = (reference: string) => JSON.parse(execFileSync('docker', ['buildx', 'imagetools', 'inspect', '--raw', reference], { encoding: 'utf8' })) as
      { manifests: { digest: string; platform: { os: string } }[]; annotations: Record<string, string> };
    const images = (reference: string) => index(reference).manifests.filter(({ platform }) => platform.os === 'linux').map(({ digest }) => digest);
    expect(images(`${image}@${second.digest}`)).toEqual(images(`${image}@${first.digest}`));
    expect(index(`${image}@${first.digest}`).annotations).toEqual({
      'org.opencontainers.image.created': '2023-11-14T22:13:20Z', 'org.opencontainers.image.revision': revision, 'org.opencontainers.image.source': 'https://example.test/acme/hello',
    });
    expect(await describeImage(ports(), ownAccess, `${image}:buildcache`)).toMatchObject({ state: 'present' });
  });

  it('has one when one is asked for', async () => {
    const image = `${registry}/image-test/one`;
    const only = await buildIt(image, { platforms: ['linux/amd64'] });
    expect(only.platforms).toEqual(['linux/amd64']);
  });
});

describe('tags', () => {
  it('are moved together to a digest', async () => {
    const image = `${registry}/image-test/tags`;
    const { digest } = await buildIt(image);
    await moveTags(ports(), ownAccess, { image, digest, tags: ['latest', 'v1'], builder });
    for (const tag of ['latest', 'v1']) expect(await describeImage(ports(), ownAccess, `${image}:${tag}`)).toMatchObject({ digest });
    await expect(moveTags(ports(), ownAccess, { image, digest: `sha256:${'0'.repeat(64)}`, tags: ['latest'] })).rejects.toMatchObject({
      code: 'push-failed', message: expect.stringMatching(/:latest could not be set: .* not found/),
    });
  });

  it('that are versions are set once: the same commit takes what is there, and another one is refused', async () => {
    const image = `${registry}/image-test/version`;
    const version = `1.0.${Date.now()}`;
    const built = await buildIt(image, {}, [version]);
    expect(built).toMatchObject({ reference: `${image}:${version}@${built.digest}`, tags: [version] });
    // The same images in another index, and then an image that is not the same to the byte: both are of the same commit.
    expect(await buildIt(image, {}, [version])).toMatchObject({ digest: built.digest, reference: `${image}:${version}@${built.digest}` });
    expect(await buildIt(image, { labels: { other: 'content' } }, [version])).toMatchObject({ digest: built.digest });
    await expect(buildIt(image, {}, [version], ownAccess, revision.replace('8', '9'))).rejects.toMatchObject({
      code: 'push-failed', message: `${image}:${version} is the image of commit ${revision} (${built.digest}). This run builds commit ${revision.replace('8', '9')}, and the tag of a version is never overwritten.`,
      hint: expect.stringContaining(`digest: ${built.digest}`),
    });
    // Where the label is the user's own, only the content can tell.
    const own = { 'org.opencontainers.image.revision': 'r1' };
    await expect(buildIt(image, { labels: { ...own, other: 'content' } }, [version])).rejects.toMatchObject({
      code: 'push-failed', message: `${image}:${version} already exists with different content (${built.digest}), and the tag of a version is never overwritten.`,
    });
    expect(await describeImage(ports(), ownAccess, `${image}:${version}`)).toMatchObject({ digest: built.digest });
  });
});

describe('a build secret', () => {
  const secret = 'correct-horse-battery-staple-4711';

  it('arrives by a file, and never in arguments or output', async () => {
    const file = dockerfile('Secret', 'FROM scratch', 'COPY app-amd64 /app', 'RUN --mount=type=secret,id=npm_token ["/app", "/run/secrets/npm_token"]');
    const failed = buildIt(`${registry}/image-test/secret`, { dockerfile: file, platforms: ['linux/amd64'], buildSecrets: { npm_token: secret } });
    // The program ends with the length of the secret as its exit code.
    await expect(failed).rejects.toMatchObject({ code: 'build-failed', message: expect.stringContaining(`(Secret:3) failed with exit code ${secret.length}`) });
    expect(printed.join('\n')).not.toContain(secret);
    expect(leftOver()).toEqual([]);
  });

  it('that was not given is named', async () => {
    const file = dockerfile('Needs', 'FROM scratch', 'COPY app-amd64 /app', 'RUN --mount=type=secret,id=token,required=true ["/app"]');
    await expect(buildIt(`${registry}/image-test/secret`, { dockerfile: file, platforms: ['linux/amd64'] })).rejects.toMatchObject({
      code: 'build-failed', message: 'The Dockerfile needs the build secret "token", which was not given (Needs:3).',
    });
  });
});

describe('a build that fails', () => {
  const fails = (changes: Partial<BuildConfig>, image = `${registry}/image-test/fails`) => buildIt(image, { platforms: ['linux/amd64'], ...changes });

  it('names a file that COPY does not find, and its line', async () => {
    const file = dockerfile('Copy', 'FROM scratch', 'COPY app.jar /app.jar');
    await expect(fails({ dockerfile: file })).rejects.toMatchObject({
      code: 'build-failed', message: 'app.jar is not in the build context (Copy:2).', hint: expect.stringContaining('.dockerignore'),
      evidence: [{ title: 'docker buildx build', text: expect.stringContaining('>>> COPY app.jar /app.jar') }],
    });
  });

  it('names a step that fails, and its exit code', async () => {
    const file = dockerfile('Run', 'FROM scratch', 'COPY app-amd64 /app', 'RUN ["/app", "/app"]');
    await expect(fails({ dockerfile: file })).rejects.toMatchObject({
      code: 'build-failed', message: expect.stringMatching(/^`RUN \["\/app", "\/app"\]` \(Run:3\) failed with exit code \d+\.$/),
    });
  });

  it('names a Dockerfile, a context, a stage and a builder that do not exist', async () => {
    await expect(fails({ dockerfile: join(folder, 'context', 'Nope') })).rejects.toMatchObject({ code: 'build-failed', message: expect.stringMatching(/Nope/) });
    await expect(fails({ context: join(folder, 'nope') })).rejects.toMatchObject({ message: `The build context ${join(folder, 'nope')} does not exist.` });
    await expect(fails({ context: '--push' })).rejects.toMatchObject({ message: 'The build context ./--push does not exist.' });
    await expect(fails({ target: 'prod' })).rejects.toMatchObject({ message: 'The Dockerfile has no stage "prod".' });
    await expect(fails({ builder: 'nope' })).rejects.toMatchObject({ code: 'build-failed', message: 'There is no builder "nope" on this machine.' });
  });

  it('names a base image that does not exist, or may not be pulled', async () => {
    const absent = dockerfile('Base', `FROM ${registry}/image-test/no-base:1`);
    await expect(fails({ dockerfile: absent })).rejects.toMatchObject({
      code: 'build-failed', message: `The base image ${registry}/image-test/no-base:1 does not exist (Base:1).`,
    });
    const denied = dockerfile('Denied', `FROM ${authRegistry}/base:1`);
    await expect(fails({ dockerfile: denied })).rejects.toMatchObject({ code: 'registry-denied', message: expect.stringMatching(/^The base image .* cannot be pulled \(Denied:1\)/) });
  });

  it('names the image of a syntax line and of `--from`, and their lines', async () => {
    const [absent, denied, away] = [`${registry}/image-test/none:9`, `${authRegistry}/none:9`, '127.0.0.1:1/none:9'];
    const syntax = (image: string) => fails({ dockerfile: dockerfile('Syntax', `# syntax=${image}`, 'FROM scratch', 'COPY app-amd64 /app') });
    await expect(syntax(absent)).rejects.toMatchObject({ code: 'build-failed', message: `The image ${absent} of the \`# syntax\` line does not exist (Syntax:1).`, hint: 'Check its name and tag in the `# syntax=` line.' });
    await expect(syntax(denied)).rejects.toMatchObject({ code: 'registry-denied', message: expect.stringContaining(`The image ${denied} of the \`# syntax\` line cannot be pulled (Syntax:1), `) });
    await expect(syntax(away)).rejects.toMatchObject({ code: 'build-failed', message: expect.stringMatching(/of the `# syntax` line could not be pulled \(Syntax:1\): .*connection refused\.$/) });
    const copy = dockerfile('From', 'FROM scratch', 'COPY app-amd64 /app', `COPY --from=${absent} /a \\`, '  /b');
    await expect(fails({ dockerfile: copy })).rejects.toMatchObject({ message: `The image ${absent} of \`COPY --from\` does not exist (From:3).` });
    // Of a mount the builder shows no line.
    const mount = dockerfile('Mount', 'FROM scratch', 'COPY app-amd64 /app', `RUN --mount=type=bind,from=${absent},target=/t ["/app"]`);
    await expect(fails({ dockerfile: mount })).rejects.toMatchObject({ message: `The image ${absent} of \`RUN --mount\` does not exist (${mount}:3).` });
  });

  it('says why the builder did not get a file that is there', async () => {
    dockerfile('Dockerfile.prod', 'FROM scratch', 'COPY app-amd64 /app');
    await expect(fails({ dockerfile: 'Dockerfile.prod' })).rejects.toMatchObject({
      message: expect.stringMatching(/^There is no Dockerfile\.prod in the workspace/), hint: `Did you mean \`dockerfile: ${join(folder, 'context', 'Dockerfile.prod')}\`?`,
    });
    const near = join(folder, 'context', 'Dockerfile.prod');
    await expect(fails({ dockerfile: join(folder, 'context', 'Dockerfile.prdo') })).rejects.toMatchObject({ hint: `Did you mean \`dockerfile: ${near}\`?` });
    await expect(fails({ context: join(folder, 'contxet') })).rejects.toMatchObject({ hint: `Did you mean \`context: ${join(folder, 'context')}\`?` });
    await expect(fails({ dockerfile: join(folder, 'context') })).rejects.toMatchObject({ message: `${join(folder, 'context')} is a folder, and not a Dockerfile.` });
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'file'), '');
    symlinkSync('../context/Dockerfile.prod', join(other, 'Dockerfile'));
    await expect(fails({ context: other })).rejects.toMatchObject({
      message: expect.stringMatching(/\/other\/Dockerfile is a link to .*\/context\/Dockerfile\.prod, which is outside the folder/), hint: expect.stringContaining('Name the file itself'),
    });
    await expect(fails({ context: other, dockerfile: 'nowhere/Dockerfile' })).rejects.toMatchObject({ message: 'There is no nowhere/Dockerfile in the workspace.' });
    symlinkSync('../context/app-amd64', join(other, 'app-amd64'));
    const copying = join(folder, 'context', 'Dockerfile.prod');
    await expect(fails({ context: other, dockerfile: copying })).rejects.toMatchObject({ message: expect.stringMatching(/^app-amd64 is a link to .*, which is outside the build context \(Dockerfile\.prod:2\)\.$/) });
    rmSync(join(other, 'app-amd64'));
    writeFileSync(join(other, 'app-amd64'), '');
    writeFileSync(join(other, '.dockerignore'), 'app-*\n');
    await expect(fails({ context: other, dockerfile: copying })).rejects.toMatchObject({
      message: 'app-amd64 is in the folder of the build context but was not sent to the builder (Dockerfile.prod:2).', hint: expect.stringContaining('.dockerignore'),
    });
  });

  it('says that the builder does not know a platform, before anything is built', async () => {
    await expect(inspectBuilder(ports(), ownAccess, config({ platforms: ['linux/amd64', 'linux/s390x'] }))).rejects.toMatchObject({
      code: 'platform-unsupported', message: expect.stringMatching(new RegExp(`^The builder "${builder}" cannot build for linux/s390x: it supports linux/amd64, `)),
      hint: expect.stringContaining('docker/setup-qemu-action'),
    });
  });

  it('says that the registry is not there', async () => {
    await expect(fails({}, '127.0.0.1:1/api')).rejects.toMatchObject({
      code: 'push-failed', message: expect.stringMatching(/^The image was built, but the registry of 127\.0\.0\.1:1\/api:\w+ cannot be reached: .*connection refused/),
    });
    expect(warnings).toEqual([]);
  });
});

describe('a registry that is out of order', () => {
  it('is asked three times, and each time is said', async () => {
    const broken = createServer((_request, response) => response.writeHead(503).end());
    const port = await new Promise<number>((resolve) => {
      broken.listen(0, '127.0.0.1', () => resolve((broken.address() as AddressInfo).port));
    });
    try {
      await expect(buildIt(`127.0.0.1:${port}/api`, { platforms: ['linux/amd64'] })).rejects.toMatchObject({
        code: 'push-failed', message: expect.stringMatching(/^The image was built, but \S+ could not be pushed: .*503 Service Unavailable\.$/),
      });
      expect(warnings).toEqual([expect.stringContaining('trying again in 2 s'), expect.stringContaining('trying again in 6 s')]);
    } finally {
      broken.closeAllConnections();
      broken.close();
    }
  });
});

describe('a registry with a login', () => {
  const image = `${authRegistry}/image-test/private`;
  const login = { registry: authRegistry, username: authUsername, password: authPassword };
  const ownFiles = () => readdirSync(dockerConfig, { recursive: true }).map(String).filter((name) => !name.includes('activity') && !name.includes('refs'));

  it('takes the image after the login, which leaves no trace in the configuration of the user', async () => {
    const before = ownFiles();
    const access = await logIn(ports(), login);
    try {
      const built = await buildIt(image, { platforms: ['linux/amd64'] }, [revision], access);
      await moveTags(ports(), access, { image, digest: built.digest, tags: ['latest'], builder });
      expect(await describeImage(ports(), access, `${image}:latest`, builder)).toMatchObject({ digest: built.digest });
      expect(readFileSync(join(access.env['DOCKER_CONFIG'] ?? '', 'config.json'), 'utf8')).toContain(login.registry);
    } finally {
      await createFiles(folder).remove(access.env['DOCKER_CONFIG'] ?? '');
    }
    expect(ownFiles()).toEqual(before);
    expect(leftOver()).toEqual([]);
    expect(printed.join('\n')).not.toContain(login.password);
  });

  it('refuses a wrong password', async () => {
    await expect(logIn(ports(), { ...login, password: 'wrong' })).rejects.toMatchObject({
      code: 'registry-denied', message: expect.stringMatching(/^The registry \S+ refused the login of \S+: .*401 Unauthorized\.$/),
    });
    expect(leftOver()).toEqual([]);
  });

  it('is said not to answer when it does not', async () => {
    await expect(logIn(ports(), { ...login, registry: '127.0.0.1:1' })).rejects.toMatchObject({
      code: 'push-failed', message: expect.stringMatching(/^The registry 127\.0\.0\.1:1 cannot be reached: .*connection refused\.$/),
    });
  });

  it('does not take the image without the login, and is not asked again', async () => {
    await expect(buildIt(image, { platforms: ['linux/amd64'] })).rejects.toMatchObject({
      code: 'registry-denied', message: expect.stringMatching(/^The registry refused the push of \S+: .*401 Unauthorized\.$/), hint: expect.stringContaining('can write to this repository'),
    });
    expect(warnings).toEqual([]);
    expect(await describeImage(ports(), ownAccess, `${image}:x`)).toMatchObject({ state: 'denied' });
  });
});
