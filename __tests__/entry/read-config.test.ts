import { describe, expect, it } from '@jest/globals';
import { readConfig, warnOfSettings } from '../../src/entry/read-config.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';

const request = {
  action: 'deploy', facts: {},
  inputs: { 'image': 'ghcr.io/acme/api', 'workloads': 'deployment/api', 'smoke': 'http://api.acme.example/', 'build-secrets': 'flag=1' },
} as const;

describe('the settings of a run', () => {
  it('are read without a warning: a post step reads the same again', async () => {
    const ports = fakePorts();
    const read = await readConfig(ports, request);
    expect([read.config.app, ports.lines]).toEqual(['api', []]);
  });
  it('are warned of at their places by the main step', async () => {
    const ports = fakePorts();
    const read = await readConfig(ports, request);
    warnOfSettings({ log: { ...ports.log, hides: (text) => text !== '1' } }, read);
    expect(ports.lines).toEqual([expect.stringMatching(/^warning .*without TLS/), expect.stringMatching(/^warning A secret in `build-secrets.*` is so short/)]);
  });
});
