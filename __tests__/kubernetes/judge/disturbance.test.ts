import { describe, expect, it } from '@jest/globals';
import type { KubeEvent, KubeObject } from '../../../src/kubernetes/client/objects.js';
import { deployment, event, newImage, pod, restarted, set } from './build.js';
import { judgeOf, replicaSets, settle, word, worldOf } from './judging.js';

/** Pods are ready since second 1. */
const at = (second: number, of: KubeEvent): KubeEvent => ({ ...of, lastTimestamp: `2026-01-01T00:00:0${second}Z` });
const app = { container: 'app' };
const killing = event('uid-a', 'Killing', 'Container app failed liveness probe, will be restarted', app);
const unhealthy = event('uid-a', 'Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500', app);
const often = pod('a', { containers: [{ name: 'app', image: newImage, livenessProbe: { periodSeconds: 3 } }] });

const rolledOut = (...objects: readonly KubeObject[]) => worldOf([deployment(), ...replicaSets(), pod('b'), ...objects]);
const doneAt = (...objects: readonly KubeObject[]) => {
  const { decision, atMs } = settle(judgeOf(rolledOut(...objects)));
  return [word(decision), atMs];
};

describe('a version that is ready by its status', () => {
  it.each<[string, readonly KubeObject[], number]>([
    ['is done after the usual time', [pod('a')], 2000],
    ['has time to show that it was killed by a probe', [pod('a'), at(3, killing)], 15_000],
    ['has until the next probe when one failed', [often, at(3, unhealthy)], 4000],
    ['has that of a probe that says nothing of its period', [pod('a'), at(3, unhealthy)], 10_000],
    ['is not held by what was before it became ready', [pod('a'), at(0, killing), at(0, unhealthy)], 2000],
    ['is not held by the end of a pod that is meant to end', [pod('a'), at(3, event('uid-a', 'Killing', 'Stopping container app', app))], 2000],
    ['is not held by events of other pods', [pod('a'), at(3, { ...killing, involvedObject: { uid: 'uid-stranger' } })], 2000],
  ])('%s', (_what, objects, ms) => expect(doneAt(...objects)).toEqual(['done', ms]));

  it('is held anew by each sign', () => {
    const world = rolledOut(often, at(3, unhealthy));
    const asked = judgeOf(world);
    expect(asked.at(0).state).toBe('wait');
    world.apply(set(at(6, { ...unhealthy, metadata: { ...unhealthy.metadata, resourceVersion: '9000000' } })));
    expect([asked.at(3000), asked.at(6999), asked.at(7000)].map(word)).toEqual(['wait', 'wait', 'done']);
  });

  describe('with many pods', () => {
    const names = Array.from({ length: 100 }, (_each, index) => `p${index}`);
    const sign = (name: string, of: KubeEvent, version: number): KubeEvent =>
      ({ ...at(6, of), metadata: { ...of.metadata, uid: `${of.reason} ${name}`, resourceVersion: String(9_000_000 + version) }, involvedObject: { uid: `uid-${name}`, fieldPath: 'spec.containers{app}' } });
    const many = () => worldOf([deployment({ spec: { replicas: names.length } }), ...replicaSets(), ...names.map((name) => pod(name))]);
    /** Looks every second, after the signs of that second. */
    const ending = (signs: (second: number) => readonly KubeEvent[]) => {
      const world = many();
      const asked = judgeOf(world);
      for (let second = 0; ; second += 1) {
        for (const each of signs(second)) world.apply(set(each));
        const decision = asked.at(1000 * second);
        if (decision.state !== 'wait' || second > 100) return [word(decision), second];
      }
    };

    it('is done though one of them is always asked in vain: each of them was calm for once', () => {
      expect(ending((second) => (second % 3 === 0 ? [sign(names[second / 3] ?? '', unhealthy, second)] : []))).toEqual(['done', 19]);
    });
    it('is not done while one of them is never calm', () => {
      expect(ending((second) => (second % 5 === 0 ? [sign('p7', unhealthy, second)] : []))).toEqual(['wait', 101]);
    });
    it('is held by one that is killed after it was calm', () => {
      const restless = (second: number) => (second % 5 === 0 && second < 30 ? [sign('p7', unhealthy, second)] : []);
      expect(ending(restless)).toEqual(['done', 35]);
      expect(ending((second) => [...restless(second), ...(second === 30 ? [sign('p8', killing, second)] : [])])).toEqual(['done', 45]);
    });
  });

  it('is a crash loop when its status shows at last what the events had said', () => {
    const world = rolledOut(pod('a'), at(3, killing));
    const asked = judgeOf(world);
    expect(asked.at(0).state).toBe('wait');
    world.apply(set(pod('a', { statuses: [restarted(2, { exitCode: 137 })] })));
    expect(asked.at(5000).state).toBe('failed');
  });
});
