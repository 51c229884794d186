import { expect, it } from '@jest/globals';
import { perform } from '../../src/entry/perform.js';
import type { Request } from '../../src/entry/read-config.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';

const request = (inputs: Request['inputs']): Request => ({
  action: 'deploy', inputs, facts: { repository: 'acme/monorepo' }, id: 'run-1', folder: '/private', hasPost: true, keep: async () => undefined, announce: () => undefined, follow: () => undefined, annotate: () => undefined,
});

it.each([
  [{}, 'monorepo'], [{ app: 'shop' }, 'shop'], [{ image: 'ghcr.io/acme/api' }, 'api'], [{ image: 'ghcr.io/acme/api:v1' }, 'api'], [{ image: '', app: '' }, 'monorepo'],
])('settings that are not valid are a failure of the app that they name: %j', async (inputs, app) => {
  const outcome = await perform(fakePorts(), request({ timeout: '10', ...inputs }));
  expect(outcome).toMatchObject({ verdict: 'failed', app, previous: [], failure: { cause: 'config-invalid', stage: 'config' } });
});
