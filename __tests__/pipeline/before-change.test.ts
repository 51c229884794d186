import { describe, expect, it } from '@jest/globals';
import { withWayBack } from '../../src/pipeline/before-change.js';
import type { Ledger, Release } from '../../src/rollout/ledger.js';
import type { OpenRelease } from '../../src/rollout/release.js';
import { fakePorts } from '../cluster/fake-ports.js';
import { oldImage, target } from '../rollout/build.js';

const release = (image: string, workload = 'deployment/api'): Release =>
  ({ reference: image, at: '2026-01-01T00:00:00.000Z', proven: true, images: [{ workload, container: 'app', image }] });

describe('where a failure takes what was not healthy before', () => {
  const worker = target('deployment', { ref: 'deployment/worker', name: 'worker' });
  const opened = (unhealthy: readonly string[]) => {
    const ports = fakePorts();
    const targets = [target(), worker];
    const snapshots = targets.map((each) => ({ target: each, generation: 1, unhealthy: unhealthy.includes(each.name) ? '1 of 2 available' : undefined, running: new Map() }));
    return { ports, targets, snapshots } as unknown as OpenRelease & { readonly ports: typeof ports };
  };
  const backOf = (opening: OpenRelease, releases: readonly Release[]) =>
    withWayBack(opening, { releases } as Ledger).targets.map(({ name, containers }) => [name, containers[0]?.back]);

  it('is nowhere else when its own images are proven, also by a release of fewer workloads', () => {
    const opening = opened(['api']);
    expect(backOf(opening, [release(oldImage), release('api:0')])).toEqual([['api', undefined], ['worker', undefined]]);
    expect(opening.ports.lines.join()).toContain('deployment/api is not healthy now (1 of 2 available): a rollback would go to what is there now');
  });
  it('is the last proven release of it', () => {
    const opening = opened(['api']);
    expect(backOf(opening, [release('api:0')])).toEqual([['api', 'api:0'], ['worker', undefined]]);
    expect(opening.ports.lines.join()).toContain('a rollback would go to the last proven release, api:0');
  });
});
