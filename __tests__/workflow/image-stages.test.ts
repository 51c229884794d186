import { describe, expect, it } from '@jest/globals';
import type { BuildConfig, Config } from '../../src/config/config.js';
import { readSource } from '../../src/image/source.js';
import type { Run } from '../../src/workflow/run.js';
import { scriptedDocker, type Scripted } from '../image/fakes.js';
import { config, run as emptyRun } from './runs.js';
import { readImageFacts, type ImageFacts } from '../../src/workflow/image-facts.js';

const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
const digest = `sha256:${'1'.repeat(64)}`;
const build: BuildConfig = { context: '.', buildArgs: {}, buildSecrets: {}, platforms: [], labels: {}, cache: 'none' };
const builder = { stdout: 'Name:   ci\nDriver: remote\n\nNodes:\nName:      ci0\nPlatforms: linux/arm64, linux/arm/v7\n' };
const absent = { code: 1, stderr: 'ERROR: r/api:x: not found' };
const index = (annotations: object) => ({ stdout: JSON.stringify({ manifests: [{ digest, platform: { os: 'linux', architecture: 'amd64' } }], annotations }) });
const of = (revision: string, source = 'https://github.com/acme/api') => ({ 'org.opencontainers.image.revision': revision, 'org.opencontainers.image.source': source });

type Script = Parameters<typeof scriptedDocker>[0];

/** A checkout of `head` without changes, and what the registry says. */
function world(head: string | undefined, script: Script, env: Record<string, string> = {}): Scripted {
  const repository = head === undefined ? [[/rev-parse/, { code: 128, stderr: 'fatal: not a git repository (or any of the parent directories): .git' }]] as Script : [
    [/rev-parse/, { stdout: '/work\n' }], [/ log -1/, { stdout: `${head} 1700000000\n` }], [/ status /, {}], [/ config --get/, { code: 1 }], [/symbolic-ref/, { code: 1 }],
  ] as Script;
  return scriptedDocker([...repository, [/^buildx version/, { stdout: 'github.com/docker/buildx v0.29.1 x' }], [/^buildx inspect/, builder], ...script], {
    GITHUB_SERVER_URL: 'https://github.com', GITHUB_SHA: a, GITHUB_REF: 'refs/heads/main', ...env,
  });
}

async function facts({ ports }: Scripted, changes: Partial<Config>): Promise<ImageFacts | undefined> {
  const run: Run = { ...emptyRun(), ports: { ...emptyRun().ports, ...ports }, config: config({ image: 'r/api', ...changes }), facts: { commit: a, branch: 'main', defaultBranch: 'main', repository: 'acme/api' } };
  return readImageFacts(run, readSource(run.ports, run.facts, run.config.build));
}

describe('the commit of an image that exists', () => {
  it.each<[string, string | undefined, object, string]>([
    ['what it says of this repository', a, of(b), b],
    ['what is checked out, when it says it of another one, as a base image does', b, of('c'.repeat(40), 'https://github.com/docker/base'), b],
    ['what is checked out, when it says nothing', b, {}, b],
    ['what is checked out, when it says no commit', b, of('v1.2.3'), b],
    ['the event\'s, when nothing is checked out', undefined, {}, a],
  ])('is %s', async (_what, head, annotations, expected) => {
    const script: Script = [[/--raw/, index(annotations)], [/--format/, { stdout: '{}' }]];
    expect(await facts(world(head, script), { digest })).toMatchObject({ commit: expected, existing: { state: 'present' } });
  });
});

describe('what is known before a build', () => {
  it('is the commit that is checked out, its tags, and the platform of the builder', async () => {
    const known = world(a, [[/--raw/, absent]]);
    expect(await facts(known, { build })).toMatchObject({
      commit: a, warnings: [], build: { source: { revision: a, committedAt: 1_700_000_000 }, tags: { commit: [a], mutable: ['latest'], deployed: a }, platforms: ['linux/arm64'], existing: undefined },
    });
    expect(known.said).toEqual([]);
  });

  it('is another commit than the event\'s, in one line, with `latest` left alone in another', async () => {
    const known = world(b, [[/--raw/, absent]]);
    expect(await facts(known, { build })).toMatchObject({ commit: b, build: { tags: { commit: [b], mutable: [], deployed: b } } });
    expect(known.said).toEqual([
      `info: The checked-out commit ${b} is built. Tag, labels and record name it, not ${a}, which is the commit of the event (GITHUB_SHA).`,
      `info: \`latest\` is not moved: ${b} is not the commit of the event (GITHUB_SHA). To move it, set \`tags\` to \`${b},latest\`.`,
    ]);
  });

  it('is a warning when a tag names the event\'s commit, and what is built is another one', async () => {
    expect(await facts(world(b, [[/--raw/, absent]]), { build, tags: ['main-aaaaaaa'] })).toMatchObject({
      warnings: [`The tag main-aaaaaaa names commit ${a}, but the image is of commit ${b}.`], build: { tags: { commit: ['main-aaaaaaa'] } },
    });
    await expect(facts(world(b, [[/--raw/, index(of(a))], [/--format/, { stdout: '{}' }]]), { build, tags: ['main-aaaaaaa'] })).rejects.toMatchObject({
      code: 'push-failed', message: expect.stringMatching(/^r\/api:main-aaaaaaa is the image of commit a+ /),
    });
  });

  it('is a warning when a label names the event\'s commit, and what is built is another one', async () => {
    const labelled = (revision: string) => facts(world(b, [[/--raw/, absent]]), { build: { ...build, labels: { 'org.opencontainers.image.revision': revision } } });
    expect(await labelled(a)).toMatchObject({
      warnings: [`The label org.opencontainers.image.revision in \`labels\` names commit ${a}, but the image is of commit ${b}. Remove the label: it is then set to the right commit.`],
    });
    for (const fine of [b, 'mine']) expect(await labelled(fine)).toMatchObject({ warnings: [] });
  });

  it('is the image that is there for the commit', async () => {
    const known = world(a, [[/--raw/, index(of(a))], [/--format/, { stdout: '{}' }]]);
    expect(await facts(known, { build })).toMatchObject({ build: { existing: { tag: a, platforms: ['linux/amd64'] }, platforms: ['linux/amd64'] } });
  });

  it('is a tag of its own for a scheduled run of a commit that has an image', async () => {
    const known = world(a, [[/--raw -- r\/api:a+$/, index(of(a))], [/--raw/, absent], [/--format/, { stdout: '{}' }]], { GITHUB_EVENT_NAME: 'schedule', GITHUB_RUN_ID: '42' });
    expect(await facts(known, { build })).toMatchObject({ build: { tags: { commit: [`${a}-42`], deployed: `${a}-42`, mutable: ['latest'] }, existing: undefined } });
    expect(known.said.join()).toContain(`a scheduled run rebuilds the commit. The new image is tagged ${a}-42.`);
  });

  it('is asked of the registry and of the builder at once; a builder that cannot be used is told first, and nothing is looked up any longer', async () => {
    const { ports, calls } = world(a, []);
    let stopped = false;
    const lookUp = (signal: AbortSignal | undefined) => new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        stopped = true;
        reject(signal.reason as Error);
      });
    });
    const unusable = async () => {
      while (!calls.some((call) => call.includes('imagetools'))) await Promise.resolve();
      return { code: 1, stdout: '', stderr: 'ERROR: no builder "ci" found' };
    };
    const run: typeof ports.process.run = (command) => {
      const call = command.args.join(' ');
      if (/^buildx inspect/.test(call)) return unusable();
      if (!/imagetools/.test(call)) return ports.process.run(command);
      calls.push(call);
      return lookUp(command.signal);
    };
    const asked = facts({ ...world(a, []), ports: { ...ports, process: { ...ports.process, run } } }, { build: { ...build, builder: 'ci' } });
    await expect(asked).rejects.toMatchObject({ code: 'build-failed', message: 'There is no builder "ci" on this machine.' });
    expect(stopped).toBe(true);
  });

  it('waits for the builder where it alone can say which tags are pushed', async () => {
    const known = world(a, [[/info/, { stdout: '[]' }], [/--raw/, absent]]);
    const answers = await facts(known, { build, tags: ['1.2.3'] });
    expect(answers).toMatchObject({ build: { tags: { commit: [], version: ['1.2.3'] } } });
    expect(known.calls.findIndex((call) => call.includes('imagetools'))).toBeGreaterThan(known.calls.findIndex((call) => call.startsWith('buildx inspect')));
  });

  it('is that nothing names the commit', async () => {
    const { ports } = world(undefined, []);
    const run: Run = { ...emptyRun(), ports: { ...emptyRun().ports, ...ports }, config: config({ image: 'r/api', build }), facts: {} };
    await expect(readImageFacts(run, readSource(run.ports, run.facts))).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('commit: cannot be determined') });
  });
});
