import { describe, expect, it } from '@jest/globals';
import { setUp } from '../../src/setup/setup.js';
import { messageOf } from '../../src/outcome/wording.js';
import type { FakeWorld } from '../kubernetes/client/fake-ports.js';
import { described, fakeToolbox, machine, type Answer, type Machine } from './machine.js';

const docker: Answer = ([group, verb]) => {
  if (verb === 'version') return { stdout: 'github.com/docker/buildx v0.29.1 a1b2c3d' };
  if (verb === 'inspect') return { stdout: described('mine', 'remote', 'linux/amd64') };
  return group === 'login' ? {} : undefined;
};
const kubectl: Answer = () => ({ stdout: '{ "clientVersion": { "gitVersion": "v1.34.4" } }' });
const programs = { docker, '/bin/kubectl': kubectl };
const world: FakeWorld = { executables: ['/bin/kubectl'] };
const login = { registry: 'r.example', username: 'me', password: 'secret-password' };

describe('setting up', () => {
  it('says what is there', async () => {
    const result = await setUp(machine(programs, world), fakeToolbox(), { builder: { platforms: [] }, kubectl: {} });
    expect(result).toEqual({ errors: [], outputs: { 'builder': 'mine', 'platforms': 'linux/amd64', 'buildx-version': '0.29.1', 'kubectl-version': '1.34.4', 'helm-version': undefined } });
  });
  it('goes on after a part that failed', async () => {
    const ports = machine({ ...programs, docker: () => ({ code: 1 }) }, world);
    const { errors, outputs } = await setUp(ports, fakeToolbox(), { builder: { platforms: [] }, kubectl: {}, helm: { version: '3.0.0' } });
    expect(errors.map(messageOf)).toEqual(['docker is installed without buildx, which is needed to build images.', 'helm is not on PATH, and only 4.0.4 has a checksum in this action.']);
    expect(outputs['kubectl-version']).toBe('1.34.4');
  });
  it('does nothing that is not wanted', async () => {
    const ports = machine({});
    expect((await setUp(ports, fakeToolbox(), {})).errors).toEqual([]);
    expect(ports.ran).toEqual([]);
  });
});

describe('the login', () => {
  /** A machine where a private folder can be made, and where Docker has a login of its own. */
  const withFolder = (answers: Readonly<Record<string, Answer>> = programs): Machine => {
    const made = machine(answers, { ...world, files: { '/home/me/.docker/config.json': '{ "auths": { "r.example": { "auth": "bWFjaGluZTpzdGFsZQ==" } } }' } });
    return { ...made, files: { ...made.files, temporaryFolder: async () => '/run/login', link: async () => undefined } };
  };
  it('is first of all, in a copy of the configuration that later steps use', async () => {
    const [ports, toolbox] = [withFolder(), fakeToolbox()];
    expect((await setUp(ports, toolbox, { login, builder: { platforms: [] } })).errors).toEqual([]);
    expect(ports.ran[0]).toBe('docker login --username=me --password-stdin -- r.example');
    expect(ports.lines[0]).toBe('info Logged in to r.example as me.');
    expect(toolbox.did).toEqual(['DOCKER_CONFIG=/run/login', 'BUILDX_CONFIG=/home/me/.docker/buildx']);
    expect([...ports.written]).toEqual([['/run/login/config.json', expect.objectContaining({ mode: 0o600 })]]);
  });
  it('that is refused does not stop the rest, and later steps have the login of the machine', async () => {
    const refusing: Answer = (args, command) => (args[0] === 'login' ? { code: 1, stderr: 'Error response from daemon: 401 Unauthorized' } : docker(args, command));
    const [ports, toolbox] = [withFolder({ ...programs, docker: refusing }), fakeToolbox()];
    const { errors, outputs } = await setUp(ports, toolbox, { login, kubectl: {} });
    expect([errors.map(messageOf), outputs['kubectl-version'], toolbox.did]).toEqual([['The registry r.example refused the login of me: 401 Unauthorized.'], '1.34.4', []]);
  });
});
