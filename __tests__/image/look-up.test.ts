import { describe, expect, it } from '@jest/globals';
import { lookUp } from '../../src/image/look-up.js';
import { CancelledError, CommandError } from '../../src/outcome/errors.js';
import { handClock } from '../kubernetes/client/hand-clock.js';
import { scriptedDocker } from './fakes.js';

const login = { registry: 'ghcr.io', username: 'me', password: 'hunter2' };
const here = { stdout: JSON.stringify({ manifests: [] }) };
const ask = (script: Parameters<typeof scriptedDocker>[0], withLogin = true) => {
  const { ports, removed } = scriptedDocker(script);
  return { removed, found: lookUp({ ...ports, clock: handClock() }, withLogin ? login : undefined, ['a@sha256:1', 'b@sha256:2'], 10_000) };
};

describe('what the registry holds, for whoever has built nothing', () => {
  it('is said of each image', async () => {
    const { found } = ask([[/^login/, {}], [/a@sha256:1/, here], [/b@sha256:2/, { code: 1, stderr: 'ERROR: b@sha256:2: not found' }]]);
    expect((await found).map(({ state }) => state)).toEqual(['present', 'absent']);
  });
  it.each([
    ['is closed', { code: 1, stderr: 'Error response from daemon: Get "https://ghcr.io/v2/": dial tcp 10.0.0.1:443: connect: connection refused' },
      'unreachable', 'The registry ghcr.io cannot be reached: Get "https://ghcr.io/v2/": dial tcp 10.0.0.1:443: connect: connection refused.'],
    ['refuses the login', { code: 1, stderr: 'Error response from daemon: Get "https://ghcr.io/v2/": denied: denied' },
      'denied', 'The registry ghcr.io refused the login of me: Get "https://ghcr.io/v2/": denied: denied.'],
    ['cannot be asked without docker', new CommandError('build-failed', 'docker is not installed, or not on PATH.'), 'unreachable', 'docker is not installed, or not on PATH.'],
    ['sends the docker CLI into a wall', new TypeError('Unexpected token'), 'unreachable', 'Unexpected token'],
  ])('is an answer too when it %s', async (_how, answer, state, reason) => {
    const { found, removed } = ask([[/^login/, answer]]);
    expect(await found).toEqual([{ state, reason }, { state, reason }]);
    expect(removed).toEqual(['/tmp/private']);
  });
  it('is not asked without docker, whether or not there is a login', async () => {
    const { found } = ask([[/^buildx/, new CommandError('build-failed', 'docker is not installed, or not on PATH.')]], false);
    expect((await found).map((each) => 'reason' in each && each.reason)).toEqual(Array(2).fill('docker is not installed, or not on PATH.'));
  });

  const silent = (cancelled = new AbortController().signal) => {
    const { ports } = scriptedDocker([]);
    const clock = handClock();
    // As the real one: a program that is stopped by its signal ends with the reason.
    const run: typeof ports.process.run = ({ signal }) => new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
    const asked = (registryLogin: typeof login | undefined) => lookUp({ ...ports, clock, cancelled, process: { ...ports.process, run } }, registryLogin, ['a'], 10_000);
    return { clock, asked };
  };
  it.each([['with', login], ['without', undefined]])('is not waited for longer than was said, %s a login', async (_how, registryLogin) => {
    const { clock, asked } = silent();
    const found = asked(registryLogin);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
    expect(await found).toEqual([{ state: 'unreachable', reason: 'The registry did not answer within 10 s.' }]);
  });
  it('is not asked any more when the run is cancelled', async () => {
    const cancelled = new AbortController();
    const found = silent(cancelled.signal).asked(login);
    await new Promise((resolve) => setImmediate(resolve));
    cancelled.abort(new CancelledError('SIGINT'));
    await expect(found).rejects.toThrow('Stopped by SIGINT.');
  });
});
