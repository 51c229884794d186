import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../../src/outcome/errors.js';
import { inspectBuilder, parseBuilder, parseBuildxVersion } from '../../src/image/builder.js';
import { ownAccess } from '../../src/image/docker.js';
import { scriptedDocker } from './fakes.js';

const version = { stdout: 'github.com/docker/buildx v0.29.1 a1b2c3d\n' };
const container = `Name:          ci
Driver:        docker-container
Last Activity: 2026-11-21 11:17:30 +0000 UTC

Nodes:
Name:                  ci0
Endpoint:              unix:///var/run/docker.sock
Status:                running
BuildKit version:      v0.25.2
Platforms:             linux/amd64*, linux/amd64/v2, linux/386
Labels:
 org.mobyproject.buildkit.worker.executor:         oci
GC Policy rule#0:
 All:            false

Name:                  ci1
Endpoint:              ssh://arm
Error:                 
Status:                running
Platforms:             linux/arm64*, linux/arm/v7
`;
const daemon = 'Name:   default\nDriver: docker\n\nNodes:\nName:      default\nEndpoint:  default\nStatus:    running\nPlatforms: linux/amd64, linux/amd64/v2, linux/386\n';
const inspect = (script: Parameters<typeof scriptedDocker>[0], platforms = ['linux/amd64', 'linux/arm64'], builder?: string) =>
  inspectBuilder(scriptedDocker(script).ports, ownAccess, { platforms, builder });

describe('what buildx says of a builder', () => {
  it('is read from all its nodes', () => {
    expect(parseBuilder(container)).toEqual({
      name: 'ci', driver: 'docker-container', platforms: ['linux/amd64', 'linux/amd64/v2', 'linux/386', 'linux/arm64', 'linux/arm/v7'], error: undefined,
    });
    expect(parseBuilder('Name:   default\nDriver: \nError:  Cannot connect to the Docker daemon\n')).toMatchObject({ driver: '', error: 'Cannot connect to the Docker daemon' });
    // A person has put some first, so that the first may be emulated.
    expect(parseBuilder(daemon).native).toBe('linux/amd64');
    expect(parseBuilder('')).toEqual({ name: 'default', driver: '', platforms: [], error: undefined });
  });

  it.each([['github.com/docker/buildx v0.29.1 abc', [0, 29, 1]], ['github.com/docker/buildx 0.9.1+azure-2', [0, 9, 1]],
    ['github.com/docker/buildx v0.30.0-desktop.1 x', [0, 30, 0]], ['github.com/docker/buildx v0.0.0+unknown', undefined], ['', undefined]])('is of a version: %s', (text, expected) => {
    expect(parseBuildxVersion(text)).toEqual(expected);
  });
});

describe('a builder', () => {
  it('can do all that its driver can', async () => {
    expect(await inspect([[/version/, version], [/inspect --bootstrap$/, { stdout: container }]])).toMatchObject({
      attestations: true, annotations: true, cacheExport: true, pushesByDigest: true,
    });
    expect(await inspect([[/version/, { stdout: 'github.com/docker/buildx v0.11.2 x' }], [/inspect --bootstrap -- ci$/, { stdout: container }]], ['linux/amd64'], 'ci'))
      .toMatchObject({ attestations: true, annotations: false });
  });

  it('inside of the daemon can do less, unless images are kept by containerd', async () => {
    const script = (store: string) => [[/version/, version], [/inspect/, { stdout: daemon }], [/^info/, { stdout: store }]] as const;
    expect(await inspect(script('[["Backing Filesystem","extfs"]]'), ['linux/amd64'])).toMatchObject({ attestations: false, cacheExport: false });
    await expect(inspect(script('[["Backing Filesystem","extfs"]]'))).rejects.toMatchObject({
      code: 'platform-unsupported', message: 'The builder "default" is part of the Docker daemon and cannot build for linux/amd64 and linux/arm64 at once.',
      hint: expect.stringContaining('docker/setup-buildx-action'),
    });
    expect(await inspect(script('[["driver-type","io.containerd.snapshotter.v1"]]'), ['linux/amd64', 'linux/386'])).toMatchObject({ attestations: true });
  });

  it.each<[string, Parameters<typeof scriptedDocker>[0], object]>([
    ['no docker', [[/version/, new CommandError('build-failed', 'x', { cause: Object.assign(new Error('x'), { code: 'ENOENT' }) })]],
      { code: 'tool-missing', message: 'docker is not installed on this machine. It is needed to build images.', hint: expect.stringContaining('setup-docker-action') }],
    ['no buildx', [[/version/, { code: 1, stderr: 'docker: unknown command: docker buildx' }]],
      { code: 'tool-missing', message: 'docker is installed without buildx, which is needed to build images.', hint: expect.stringContaining('docker/setup-buildx-action') }],
    ['an old buildx', [[/version/, { stdout: 'github.com/docker/buildx v0.9.1 x' }]],
      { code: 'tool-missing', message: 'buildx 0.9.1 is too old: 0.10.0 or later is needed.', hint: expect.stringContaining('docker/setup-buildx-action') }],
    ['no such builder', [[/version/, version], [/inspect/, { code: 1, stderr: 'ERROR: no builder "ci" found' }]],
      { message: 'There is no builder "ci" on this machine.', hint: expect.stringContaining('`builder`') }],
    ['no daemon', [[/version/, version], [/inspect/, { stdout: 'Name: default\nDriver: \nError:  Cannot connect to the Docker daemon at unix:///x. Is it running?\n' }]],
      { message: expect.stringMatching(/^The Docker daemon cannot be reached: Cannot connect/), hint: expect.stringContaining('Start Docker') }],
    ['a builder that does not start', [[/version/, version], [/inspect/, { code: 1, stderr: 'ERROR: pull access denied' }]],
      { message: 'The builder "ci" does not start: pull access denied', evidence: [{ title: 'docker buildx inspect --bootstrap -- ci', text: 'pull access denied' }] }],
  ])('that is not there: %s', async (_name, script, expected) => {
    await expect(inspect(script, ['linux/amd64'], 'ci')).rejects.toMatchObject({ code: 'build-failed', ...expected });
  });

  it('that lacks a platform is told before anything runs', async () => {
    await expect(inspect([[/version/, version], [/inspect/, { stdout: container }]], ['linux/amd64', 'linux/s390x'])).rejects.toMatchObject({
      code: 'platform-unsupported', message: expect.stringMatching(/^The builder "ci" cannot build for linux\/s390x: it supports linux\/amd64, /),
      hint: expect.stringContaining('docker/setup-qemu-action'),
    });
  });
});
