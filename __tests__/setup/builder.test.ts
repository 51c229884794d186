import { describe, expect, it } from '@jest/globals';
import { setUpBuilder } from '../../src/setup/builder.js';
import type { CommandError } from '../../src/outcome/errors.js';
import { described, machine, type Answer } from './machine.js';

const notFound = (name: string) => ({ code: 1, stderr: `ERROR: no builder "${name}" found\n` });

/** Docker with these builders; the first one is the current one. Emulation adds a platform to those of this machine. */
function docker(builders: Record<string, readonly [driver: string, platforms: string]>, more: Answer = () => undefined): Answer {
  let current = Object.keys(builders)[0] ?? 'default';
  return (args, command) => {
    const [group, verb, ...rest] = args;
    const own = more(args, command);
    if (own !== undefined) return own;
    if (group === 'info') return { stdout: '[["Backing Filesystem","extfs"]]' };
    if (group === 'run') {
      for (const [name, [driver, platforms]] of Object.entries(builders)) if (driver !== 'remote') builders[name] = [driver, `${platforms}, linux/${args.at(-1)}`];
      return {};
    }
    if (verb === 'version') return { stdout: 'github.com/docker/buildx v0.29.1 a1b2c3d' };
    if (verb === 'use') return (current = rest.at(-1) ?? '', {});
    if (verb === 'create') {
      const name = rest.find((arg) => arg.startsWith('--name='))?.slice('--name='.length) ?? '';
      builders[name] = ['docker-container', 'linux/amd64'];
      if (rest.includes('--use')) current = name;
      return {};
    }
    const name = rest.includes('--') ? rest.at(-1) ?? '' : current;
    const found = builders[name];
    return found === undefined ? notFound(name) : { stdout: described(name, ...found) };
  };
}

const refusal = (work: Promise<unknown>): Promise<readonly [string, string]> =>
  work.then(() => ['', ''], (error: unknown) => [(error as CommandError).code, (error as CommandError).message]);

describe('a builder', () => {
  it('that is no part of the Docker daemon is used as it is', async () => {
    const ports = machine({ docker: docker({ cloud: ['remote', 'linux/amd64, linux/arm64'] }) });
    expect(await setUpBuilder(ports, { platforms: ['linux/arm64'] })).toEqual({ name: 'cloud', platforms: ['linux/amd64', 'linux/arm64'], version: '0.29.1' });
    expect(ports.lines).toEqual(['info builder: cloud (remote) builds for linux/amd64, linux/arm64']);
    expect(ports.ran).toEqual(['docker buildx version', 'docker buildx inspect --bootstrap']);
  });
  it('of a daemon that stores images as containerd does is used too', async () => {
    const ports = machine({ docker: docker({ default: ['docker', 'linux/amd64'] }, ([group]) => (group === 'info' ? { stdout: '[["driver-type","io.containerd.snapshotter.v1"]]' } : undefined)) });
    expect((await setUpBuilder(ports, { platforms: [] })).name).toBe('default');
  });
  it('is created where the daemon has the only one, and found by the next job', async () => {
    const answers = docker({ default: ['docker', 'linux/amd64'] });
    const ports = machine({ docker: answers });
    expect((await setUpBuilder(ports, { platforms: [], buildkitImage: 'm.example/buildkit:1' })).name).toBe('deploy-action');
    expect(ports.ran).toContain('docker buildx create --driver=docker-container --name=deploy-action --driver-opt=image=m.example/buildkit:1 --use');
    expect(ports.lines).toContain('info builder: created deploy-action');
    const next = machine({ docker: docker({ default: ['docker', 'linux/amd64'], 'deploy-action': ['docker-container', 'linux/amd64'] }) });
    expect((await setUpBuilder(next, { platforms: [] })).name).toBe('deploy-action');
    expect(next.ran.filter((line) => /create|use/.test(line))).toEqual(['docker buildx use -- deploy-action']);
  });
  it('that another job on the machine creates at the same time is used', async () => {
    const builders: Record<string, readonly [string, string]> = { default: ['docker', 'linux/amd64'] };
    const ports = machine({ docker: docker(builders, ([, verb]) => {
      if (verb !== 'create') return undefined;
      builders['deploy-action'] = ['docker-container', 'linux/amd64'];
      return { code: 1, stderr: 'ERROR: existing instance for "deploy-action" but no append mode, specify the node name to make changes for existing instances\n' };
    }) });
    expect((await setUpBuilder(ports, { platforms: [] })).name).toBe('deploy-action');
    expect(ports.ran.slice(-2)).toEqual(['docker buildx use -- deploy-action', 'docker buildx inspect --bootstrap -- deploy-action']);
  });
  it('of a name is used if it exists, and created if not, without becoming the current one', async () => {
    const builders = { cloud: ['remote', 'linux/amd64'] as const };
    const ports = machine({ docker: docker({ ...builders }) });
    expect((await setUpBuilder(ports, { name: 'mine', platforms: [] })).name).toBe('mine');
    expect(ports.ran).toContain('docker buildx create --driver=docker-container --name=mine');
    const again = machine({ docker: docker({ ...builders, mine: ['kubernetes', 'linux/arm64'] }) });
    expect((await setUpBuilder(again, { name: 'mine', platforms: [] })).platforms).toEqual(['linux/arm64']);
    expect(again.ran.some((line) => line.includes('create'))).toBe(false);
  });
  it('whose image cannot be pulled for a moment is started again', async () => {
    let failures = 1;
    const ports = machine({ docker: docker({ cloud: ['remote', 'linux/amd64'] }, ([, verb]) =>
      (verb === 'inspect' && failures-- > 0 ? { code: 1, stderr: 'ERROR: toomanyrequests: You have reached your pull rate limit' } : undefined)) });
    expect((await setUpBuilder(ports, { platforms: [] })).name).toBe('cloud');
    expect(ports.lines[0]).toMatch(/^warning The start of the builder failed, trying again in 2 s: /);
  });
  it('that does not start is reported with what Docker says', async () => {
    const daemon = 'ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?';
    const ports = machine({ docker: docker({ default: ['docker', 'linux/amd64'] }, ([, verb]) => (verb === 'inspect' ? { code: 1, stderr: daemon } : undefined)) });
    expect(await refusal(setUpBuilder(ports, { platforms: [] }))).toEqual(['build-failed', expect.stringMatching(/^The Docker daemon cannot be reached: /)]);
  });
  it('that cannot be created is reported', async () => {
    const ports = machine({ docker: docker({ default: ['docker', 'linux/amd64'] }, ([, verb]) => (verb === 'create' ? { code: 1, stderr: 'ERROR: permission denied' } : undefined)) });
    expect(await refusal(setUpBuilder(ports, { platforms: [] }))).toEqual(['build-failed', 'docker buildx create failed: permission denied']);
  });
  it('needs buildx', async () => {
    const ports = machine({ docker: () => ({ code: 1, stderr: "docker: 'buildx' is not a docker command." }) });
    expect(await refusal(setUpBuilder(ports, { platforms: [] }))).toEqual(['tool-missing', 'docker is installed without buildx, which is needed to build images.']);
  });
});

describe('emulation', () => {
  const pinned = 'docker.io/tonistiigi/binfmt@sha256:400a4873b838d1b89194d982c45e5fb3cda4593fbfd7e08a02e76b03b21166f0';
  it('is installed for what a builder of this machine lacks', async () => {
    const ports = machine({ docker: docker({ mine: ['docker-container', 'linux/amd64'] }) });
    expect((await setUpBuilder(ports, { platforms: ['linux/amd64', 'linux/arm64'] })).platforms).toEqual(['linux/amd64', 'linux/arm64']);
    expect(ports.ran).toContain(`docker run --privileged --rm ${pinned} --install arm64`);
    expect(ports.lines).toContain(`info emulation: installed for arm64 from ${pinned}`);
  });
  it('comes from another image if one is given', async () => {
    const ports = machine({ docker: docker({ mine: ['docker-container', 'linux/amd64'] }) });
    await setUpBuilder(ports, { platforms: ['linux/arm64'], emulationImage: 'm.example/binfmt:1' });
    expect(ports.ran).toContain('docker run --privileged --rm m.example/binfmt:1 --install arm64');
  });
  it.each([
    ['a builder on another machine', 'remote', 'linux/arm64'], ['another system', 'docker-container', 'windows/amd64'],
  ])('is not possible for %s', async (_, driver, platform) => {
    const ports = machine({ docker: docker({ mine: [driver, 'linux/amd64'] }) });
    expect(await refusal(setUpBuilder(ports, { platforms: [platform] }))).toEqual(['platform-unsupported', `The builder "mine" cannot build for ${platform}: it supports linux/amd64.`]);
    expect(ports.ran.some((line) => line.includes('run'))).toBe(false);
  });
  it('that does not help is reported', async () => {
    const ports = machine({ docker: docker({ mine: ['docker-container', 'linux/amd64'] }, ([group]) => (group === 'run' ? {} : undefined)) });
    expect(await refusal(setUpBuilder(ports, { platforms: ['linux/arm64'] }))).toEqual(['platform-unsupported', 'The builder "mine" cannot build for linux/arm64: it supports linux/amd64.']);
  });
  it('that Docker refuses is reported', async () => {
    const ports = machine({ docker: docker({ mine: ['docker-container', 'linux/amd64'] }, ([group]) => (group === 'run' ? { code: 125, stderr: 'docker: Error response from daemon: no privileges.\n' } : undefined)) });
    expect(await refusal(setUpBuilder(ports, { platforms: ['linux/arm64'] }))).toEqual(['build-failed', expect.stringMatching(/^docker run failed: docker: Error response from daemon: no privileges/)]);
  });
});
