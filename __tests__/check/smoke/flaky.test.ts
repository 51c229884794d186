import { describe, expect, it } from '@jest/globals';
import type { SmokeCheck } from '../../../src/config/config.js';
import { assess, type Answer, type Rules } from '../../../src/check/smoke/assess.js';
import { smoke } from '../../../src/check/smoke/smoke.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { pod, service } from '../../kubernetes/judge/build.js';
import { fakeCluster } from '../../target/set-image/fake-cluster.js';

describe('answers that change', () => {
  const rules: Rules = { needed: 3, neededAfterWrong: 5, wrong: 3, graceMs: 1000, limitMs: 10_000 };
  const answers = (letters: string): Answer[] => [...letters].map((letter) =>
    letter === 'r' ? { kind: 'right' } : letter === 'w' ? { kind: 'wrong', seen: 'wrong' } : { kind: 'silent', seen: 'silence' });

  it.each([
    ['rrr', 'passed'], ['sssrrr', 'passed'],
    ['wrrrr', 'ask'], ['wrrrrr', 'passed'], ['rrwrrrr', 'ask'], ['rrwrrrrr', 'passed'],
    ['rwrw', 'ask'], ['rwrwr', 'ask'], ['rwrwrw', 'failed'], ['rrwrrwrrw', 'failed'],
    // Until the first right answer it may still be starting.
    ['wswswrwrw', 'ask'], ['wswswrwrwrw', 'failed'],
  ])('%s: %s', (letters, state) => expect(assess(answers(letters), 5000, rules).state).toBe(state));

  it('say what was wrong, and that it was not always so', () => {
    expect(assess(answers('rwrwrw'), 5000, rules)).toEqual({ state: 'failed', seen: 'wrong, after answers that passed' });
  });
  it('are waited for as long as a cache may still give old ones', () => {
    expect(assess(answers('rwrwrw'), 999, rules).state).toBe('ask');
    expect(assess(answers('rwrwrwrwrrrr'), 5000, rules).state).toBe('ask');
    expect(assess(answers('rwrwrwrwrrrrr'), 5000, rules).state).toBe('passed');
  });
});

describe('a version that answers every nth request wrongly', () => {
  const check: SmokeCheck = { text: 'service/api/', target: { type: 'service', name: 'api', path: '/' }, statuses: [200] };
  /** One pod, which counts its requests whichever way they come. */
  const deployed = (n: number) => {
    let count = 0;
    const { api } = fakeCluster({ raw: async () => ({ status: (count += 1) % n === 0 ? 500 : 200, headers: {}, body: '' }) });
    const ports = fakePorts();
    return smoke(ports, { api, namespace: 'web', services: [service('api')], podsBehind: () => [pod('a')], isServed: () => true, news: async () => undefined }, [check], undefined)
      .then(() => 'passed', (error: { code?: string }) => error.code);
  };

  it.each([1, 2, 3, 4, 5, 6])('n = %i: is not let through, nor is the Service blamed for it', async (n) => expect(await deployed(n)).toBe('smoke-failed'));
});
