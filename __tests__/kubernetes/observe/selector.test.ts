import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { podSelector, selects } from '../../../src/kubernetes/observe/selector.js';
import { service } from '../judge/build.js';

const wanting = (matchLabels: Readonly<Record<string, string>> | undefined): Workload => ({ spec: { selector: { matchLabels } } });

describe('the selector of a watch', () => {
  it.each([
    ['one workload', [wanting({ app: 'api' })], 'app in (api)'],
    ['several that share a key', [wanting({ app: 'api', tier: 'web' }), wanting({ app: 'worker', tier: 'web' })], 'app in (api,worker)'],
    ['several with the same values', [wanting({ app: 'api' }), wanting({ app: 'api' })], 'app in (api)'],
    ['several that share nothing', [wanting({ app: 'api' }), wanting({ name: 'worker' })], undefined],
    ['one that wants no labels', [wanting({ app: 'api' }), wanting(undefined)], undefined],
    ['none', [], undefined],
  ])('of %s', (_what, workloads, selector) => expect(podSelector(workloads)).toBe(selector));

  it('finds every pod of every workload', () => {
    const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'name'), fc.constantFrom('a', 'b', 'c'), { minKeys: 1 });
    fc.assert(fc.property(fc.array(labels, { minLength: 1, maxLength: 5 }), (all) => {
      const selector = podSelector(all.map(wanting));
      if (selector === undefined) return;
      const [, key = '', values = ''] = /^(\w+) in \((.*)\)$/.exec(selector) ?? [];
      for (const each of all) expect(values.split(',')).toContain(each[key]);
    }));
  });
});

describe('a Service', () => {
  it.each([
    [{ app: 'api' }, { app: 'api', tier: 'web' }, true],
    [{ app: 'api', tier: 'db' }, { app: 'api', tier: 'web' }, false],
    [{}, { app: 'api' }, false],
    [{ app: 'api' }, undefined, false],
  ])('with the selector %j takes a pod with %j: %s', (selector, labels, takes) => expect(selects(service('api', { selector }), labels)).toBe(takes));
  it('without a selector takes no pod by itself', () => expect(selects({}, { app: 'api' })).toBe(false));
});
