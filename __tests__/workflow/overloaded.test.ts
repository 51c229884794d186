import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deploy } from '../../src/workflow/deploy.js';
import type { Asked, Trouble } from '../kubernetes/server/memory-server.js';
import type { Behaviour } from '../kubernetes/server/deployments.js';
import { first, second, TestWorld } from './world.js';

/** Of the 10 minutes that a rollout may take. */
const longestMs = 480_000;

const overloaded: Trouble = { status: 429, reason: 'TooManyRequests', message: 'too many requests, please try again later' };
const balancer: Trouble = { status: 503, message: 'Service Unavailable', by: 'balancer' };

interface Overload {
  readonly trouble: Trouble;
  /** It begins with this request after the images were set. */
  readonly at: number;
  readonly forMs: number;
  /** How many of ten requests come to it. */
  readonly tenths: number;
}

/** A deployment, while the API server is overloaded. */
async function deployDuring({ trouble, at, forMs, tenths }: Overload, proveFirst: boolean, behaviour: Behaviour = 'good') {
  const world = new TestWorld();
  world.behaviours.set(second, behaviour);
  let [count, untilMs] = [0, 0];
  world.server.trouble = (asked: Asked) => {
    if (asked.query.has('watch') || (count === 0 && world.imageNow !== world.imageOf(second))) return undefined;
    count += 1;
    if (count === at + 1) untilMs = world.clock.monotonic() + forMs;
    return count > at && world.clock.monotonic() < untilMs && (count * 7) % 10 < tenths ? trouble : undefined;
  };
  const outcome = await deploy(world.deployment(second, { proveFirst }).run);
  return { outcome, world };
}

describe('an API server that is overloaded after the images were set', () => {
  it.each([0, 3, 8, 13, 20])('from request %d on for minutes does not turn a good release into a rollback', async (at) => {
    for (const proveFirst of [true, false]) {
      const { outcome, world } = await deployDuring({ trouble: overloaded, at, forMs: longestMs, tenths: 10 }, proveFirst);
      expect([outcome.failure?.message, outcome.verdict, world.imageNow]).toEqual([undefined, 'deployed', world.imageOf(second)]);
    }
  });

  it('whenever, and however much, changes nothing about what becomes of a release', async () => {
    // Where only some connections are cut nobody can say whether the API server did it or the app behind it.
    const behaviour = fc.constantFrom<Behaviour>('good', 'good', 'wrong', 'crash');
    const kind = fc.oneof(
      fc.record({ trouble: fc.constantFrom(overloaded, balancer), tenths: fc.integer({ min: 1, max: 10 }) }), fc.record({ trouble: fc.constant('cut' as const), tenths: fc.constant(10) }),
    );
    const overload = fc.tuple(kind, fc.record({ at: fc.nat(40), forMs: fc.integer({ min: 1000, max: longestMs }) })).map(([of, when]) => ({ ...of, ...when }));
    await fc.assert(fc.asyncProperty(overload, fc.boolean(), behaviour, async (each, proveFirst, how) => {
      const { outcome, world } = await deployDuring(each, proveFirst, how);
      const cause = { good: undefined, wrong: 'smoke-failed', crash: 'crash-loop' }[how as 'good'];
      expect([outcome.failure?.cause, outcome.verdict, world.imageNow]).toEqual([cause, ...how === 'good' ? ['deployed', world.imageOf(second)] : ['rolled-back', world.imageOf(first)]]);
    }), { numRuns: 20 });
  }, 60_000);
});
