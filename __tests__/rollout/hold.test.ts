import { describe, expect, it } from '@jest/globals';
import type { RollingUpdate } from '../../src/cluster/objects.js';
import type { SmokeCheck } from '../../src/config/config.js';
import { describeWave, firstWaveSize, notHeld } from '../../src/rollout/hold.js';
import { deployment, service, target } from './build.js';

const sized = (replicas: number | undefined, rollingUpdate?: RollingUpdate) => deployment({ spec: { replicas, strategy: rollingUpdate && { rollingUpdate } } });

describe('the first wave', () => {
  it.each([
    [8, undefined, { pods: 4, of: 8, oldPodsGone: 2 }],
    [1, undefined, { pods: 1, of: 1, oldPodsGone: 0 }],
    [undefined, undefined, { pods: 1, of: 1, oldPodsGone: 0 }],
    [3, undefined, { pods: 1, of: 3, oldPodsGone: 0 }],
    [10, { maxSurge: 0, maxUnavailable: 0 }, { pods: 1, of: 10, oldPodsGone: 1 }],
    [10, { maxSurge: 0, maxUnavailable: 3 }, { pods: 3, of: 10, oldPodsGone: 3 }],
    [4, { maxSurge: 1, maxUnavailable: '100%' }, { pods: 4, of: 4, oldPodsGone: 4 }],
    [4, { maxSurge: '100%', maxUnavailable: 0 }, { pods: 4, of: 4, oldPodsGone: 0 }],
    [4, { maxSurge: 9, maxUnavailable: 9 }, { pods: 4, of: 4, oldPodsGone: 4 }],
    [7, { maxSurge: '10%', maxUnavailable: '10%' }, { pods: 1, of: 7, oldPodsGone: 0 }],
    [2, { maxSurge: '0%', maxUnavailable: '1%' }, { pods: 1, of: 2, oldPodsGone: 1 }],
  ])('of %s pods with %j is %j', (replicas, rollingUpdate, size) => expect(firstWaveSize(sized(replicas, rollingUpdate))).toEqual(size));

  it('is said in a sentence', () => {
    expect(describeWave(target(), sized(1))).toBe('deployment/api is proved first by 1 of 1 pods, with every old pod still serving');
    expect(describeWave(target(), sized(8))).toBe('deployment/api is proved first by 4 of 8 pods, while 6 old pods serve');
  });
});

describe('a workload is not proved first', () => {
  const check = (name: string): SmokeCheck => ({ text: name, target: { type: 'service', name, path: '/' }, statuses: [200] });
  const address: SmokeCheck = { text: 'x', target: { type: 'url', url: 'https://x.example/' }, statuses: [200] };
  it.each([
    ['but a Deployment that a check asks is', target(), deployment(), [check('api')], undefined],
    ['that is no Deployment', target('statefulset'), deployment(), [check('api')], 'only a Deployment can be held'],
    ['whose old pods go first', target(), deployment({ spec: { strategy: { type: 'Recreate' } } }), [check('api')],
      'its strategy is Recreate: the old pods go before the first new one comes'],
    ['without replicas', target(), deployment({ spec: { replicas: 0 } }), [check('api')], 'it has no replicas'],
    ['that is gone', target(), undefined, [check('api')], 'it has no replicas'],
    ['when a check asks another Service', target(), deployment(), [check('other')], 'no smoke check asks a Service of it'],
    ['when a check asks an address', target(), deployment(), [address], 'no smoke check asks a Service of it'],
  ] as const)('%s', (_what, of, workload, checks, reason) => {
    expect(notHeld(of, workload, [service('api'), service('other', { selector: { app: 'other' } })], checks)).toBe(reason);
  });
});
