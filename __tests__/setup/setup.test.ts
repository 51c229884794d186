import { describe, expect, it } from '@jest/globals';
import { logOut, setUp } from '../../src/setup/setup.js';
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
const nothing = async (): Promise<void> => undefined;

describe('setting up', () => {
  it('says what is there', async () => {
    const result = await setUp(machine(programs, world), fakeToolbox(), { builder: { platforms: [] }, kubectl: {} }, nothing);
    expect(result).toEqual({ errors: [], outputs: { 'builder': 'mine', 'platforms': 'linux/amd64', 'buildx-version': '0.29.1', 'kubectl-version': '1.34.4', 'helm-version': undefined } });
  });
  it('goes on after a part that failed', async () => {
    const ports = machine({ ...programs, docker: () => ({ code: 1 }) }, world);
    const { errors, outputs } = await setUp(ports, fakeToolbox(), { builder: { platforms: [] }, kubectl: {}, helm: { version: '3.0.0' } }, nothing);
    expect(errors.map(messageOf)).toEqual(['docker is installed without buildx, which is needed to build images.', 'helm is not on PATH, and only 4.0.4 has a checksum in this action.']);
    expect(outputs['kubectl-version']).toBe('1.34.4');
  });
  it('does nothing that is not wanted', async () => {
    const ports = machine({});
    expect((await setUp(ports, fakeToolbox(), {}, nothing)).errors).toEqual([]);
    expect(ports.ran).toEqual([]);
  });
});

describe('the login', () => {
  it('is noted before it is made, and first of all', async () => {
    const ports = machine(programs, world);
    const noted: string[] = [];
    await setUp(ports, fakeToolbox(), { login, builder: { platforms: [] } }, async (registry) => void noted.push(`${registry} after ${ports.ran.length}`));
    expect(noted).toEqual(['r.example after 0']);
    expect(ports.ran[0]).toBe('docker login --username=me --password-stdin -- r.example');
    expect(ports.lines[0]).toBe('info Logged in to r.example as me.');
  });
  it('of the machine is kept', async () => {
    const ports = machine(programs, { ...world, files: { '/home/me/.docker/config.json': '{ "auths": { "r.example": {} } }' } });
    const noted: string[] = [];
    await setUp(ports, fakeToolbox(), { login }, async (registry) => void noted.push(registry));
    expect([noted, ports.ran, ports.lines]).toEqual([[], [], ['info login: Docker is logged in to r.example already, nothing to do']]);
  });
  it('that is refused does not stop the rest', async () => {
    const ports = machine({ ...programs, docker: (args, command) => (args[0] === 'login' ? { code: 1, stderr: 'Error response from daemon: 401 Unauthorized' } : docker(args, command)) }, world);
    const { errors, outputs } = await setUp(ports, fakeToolbox(), { login, kubectl: {} }, nothing);
    expect([errors.map(messageOf), outputs['kubectl-version']]).toEqual([['The registry r.example refused the login of me: 401 Unauthorized.'], '1.34.4']);
  });
  it('is removed at the end of the job', async () => {
    const ports = machine(programs);
    await logOut(ports, 'r.example');
    expect([ports.ran, ports.lines]).toEqual([['docker logout -- r.example'], ['info Logged out of r.example.']]);
    const broken = machine({ docker: () => ({ code: 1, stderr: 'disk full\n' }) });
    await logOut(broken, 'r.example');
    expect(broken.lines).toEqual(['warning Docker could not be logged out of r.example: disk full. Its password is still in the configuration of Docker.']);
  });
});
