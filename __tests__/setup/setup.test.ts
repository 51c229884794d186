import { describe, expect, it } from '@jest/globals';
import { leaveLogin, setUp } from '../../src/setup/setup.js';
import { messageOf } from '../../src/outcome/wording.js';
import type { FakeWorld } from '../kubernetes/client/fake-ports.js';
import { described, fakeToolbox, machine, type Answer } from './machine.js';

const docker: Answer = ([group, verb]) => {
  if (verb === 'version') return { stdout: 'github.com/docker/buildx v0.29.1 a1b2c3d' };
  if (verb === 'inspect') return { stdout: described('mine', 'remote', 'linux/amd64') };
  return group === 'login' || group === 'logout' ? {} : undefined;
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
  const steps = async (files: FakeWorld['files'] = {}) => {
    const used: unknown[] = [];
    const ports = machine({ ...programs, docker: (args, command) => {
      used.push([args[0], command.env?.['DOCKER_CONFIG']]);
      return docker(args, command);
    } }, { ...world, files });
    const toolbox = fakeToolbox();
    await setUp(ports, toolbox, { login, builder: { platforms: [] } });
    return { ports, used, did: toolbox.did };
  };
  it('is made first of all, in a configuration that only the job and its builder use', async () => {
    const { ports, used, did } = await steps();
    expect(ports.ran[0]).toBe('docker login --username=me --password-stdin -- r.example');
    expect(ports.lines[0]).toBe('info Logged in to r.example as me.');
    expect(used.length).toBeGreaterThan(2);
    expect(used.filter((each) => (each as unknown[])[1] !== '/job')).toEqual([]);
    expect(did).toEqual(['DOCKER_CONFIG=/job', 'BUILDX_CONFIG=/home/me/.docker/buildx']);
    expect([...ports.written.keys()]).toEqual(['/job/config.json']);
  });
  it('is made though the machine has one, which may have expired, and keeps those of the machine', async () => {
    const { ports } = await steps({ '/home/me/.docker/config.json': '{ "auths": { "r.example": {}, "other.example": { "auth": "x" } } }' });
    expect(ports.ran[0]).toBe('docker login --username=me --password-stdin -- r.example');
    expect(JSON.parse(ports.written.get('/job/config.json')?.text ?? '')).toMatchObject({ auths: { 'other.example': { auth: 'x' } } });
    expect(ports.ran.filter((line) => line.startsWith('docker logout'))).toEqual([]);
  });
  it('that is refused does not stop the rest', async () => {
    const ports = machine({ ...programs, docker: (args, command) => (args[0] === 'login' ? { code: 1, stderr: 'Error response from daemon: 401 Unauthorized' } : docker(args, command)) }, world);
    const { errors, outputs } = await setUp(ports, fakeToolbox(), { login, kubectl: {} });
    expect([errors.map(messageOf), outputs['kubectl-version']]).toEqual([['The registry r.example refused the login of me: 401 Unauthorized.'], '1.34.4']);
  });
  it('is left at the end of the job', () => {
    const toolbox = fakeToolbox();
    leaveLogin(toolbox, '/home/me/.docker');
    expect(toolbox.did).toEqual(['DOCKER_CONFIG=/home/me/.docker']);
  });
});
