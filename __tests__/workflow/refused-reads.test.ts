import { expect, it } from '@jest/globals';
import { deploy } from '../../src/workflow/deploy.js';
import { second, TestWorld } from './world.js';

const forbidden = (plural: string): string => `${plural} is forbidden: User "ci" cannot get resource "${plural}" in API group "" in the namespace "web"`;

/** A run of which each read of this path is refused, and no other. */
async function refused(path: string, status: 401 | 403) {
  const world = new TestWorld();
  let reads = 0;
  world.server.trouble = (asked) => {
    if (asked.method !== 'GET' || !asked.path.endsWith(path)) return undefined;
    reads += 1;
    return { status, message: status === 401 ? 'Unauthorized' : forbidden(path.split('/')[1] ?? '') };
  };
  const { run } = world.deployment(second);
  const startedAt = world.clock.monotonic();
  const { verdict, failure } = await deploy(run);
  return { verdict, failure, reads, changes: world.changes, tookMs: world.clock.monotonic() - startedAt, holder: world.holder ?? '' };
}

/** What a run cannot do without, and what only helps its preflight to see more. */
const needed = ['/services', '/configmaps/deploy-ledger-api', '/deployments/api'];
const optional = ['/resourcequotas', '/nodes'];
const ended = { verdict: 'failed', reads: 1, changes: [], tookMs: 0, holder: '' };

it.each([...needed, ...optional])('the credentials are not accepted for one of several reads, %s: the run ends at once, and says so', async (path) => {
  expect(await refused(path, 401)).toMatchObject({ ...ended, failure: {
    cause: 'permission-denied', stage: 'preflight', message: 'The cluster no longer accepts these credentials: Unauthorized.',
    hint: 'The credentials in the kubeconfig have probably expired: use some that last longer.',
  } });
});
it.each(needed)('one of several reads that a run needs is refused, %s: the run ends at once, and says which', async (path) => {
  expect(await refused(path, 403)).toMatchObject({ ...ended, failure: {
    cause: 'permission-denied', stage: 'preflight', message: `The API server rejected the request: ${forbidden(path.split('/')[1] ?? '')}.`,
  } });
});
it.each(optional)('one that only helps to see more is refused, %s: the version is deployed', async (path) => {
  expect(await refused(path, 403)).toMatchObject({ verdict: 'deployed', reads: 1 });
});
