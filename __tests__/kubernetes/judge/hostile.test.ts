import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import { podSelector, selects } from '../../../src/kubernetes/observe/selector.js';
import { expectationOf, takeSnapshot } from '../../../src/target/set-image/snapshot.js';
import { servicesFor } from '../../../src/kubernetes/judge/health.js';
import { restorePatch } from '../../../src/target/set-image/restore.js';
import { resolveChanges } from '../../../src/target/set-image/resolve.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import { daemonset, deployment, event, newImage, oldImage, pod, replicaSet, restarted, set, slice, statefulset, target, waiting, controllerRevision } from './build.js';
import { judgeOf, midway, replicaSets, settle, word, worldOf } from './judging.js';

type Fields = Record<string, unknown>;

/** The same object with some of its fields taken away, made null or emptied: nothing of the API is promised to be there. */
function damaged<T>(whole: T): fc.Arbitrary<T> {
  const places: (readonly string[])[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    if (path.length > 0) places.push(path);
    if (value !== null && typeof value === 'object') for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  walk(whole, []);
  const wound = fc.tuple(fc.constantFrom(...places.filter((path) => !['kind', 'spec.template'].includes(path.join('.')))), fc.constantFrom('removed', 'null', 'empty'));
  return fc.array(wound, { maxLength: 6 }).map((wounds) => {
    const copy = structuredClone(whole);
    for (const [path, how] of wounds) {
      const parent = path.slice(0, -1).reduce<Fields | undefined | null>((value, key) => value?.[key] as Fields | undefined, copy as Fields);
      if (parent && typeof parent === 'object' && !Array.isArray(parent)) harm(parent, path.at(-1) ?? '', how);
    }
    return copy;
  });
}

function harm(parent: Fields, key: string, how: string): void {
  const now = parent[key];
  if (now === undefined || now === null) return;
  const empty = Array.isArray(now) ? [] : { object: {}, string: '', number: 0, boolean: false }[typeof now as string];
  if (how === 'removed') Reflect.deleteProperty(parent, key);
  else parent[key] = how === 'null' ? null : empty;
}

const broken = [
  pod('a', { statuses: [waiting('ErrImagePull', 'not found')], initStatuses: [restarted(2, {}, { name: 'init' })], initContainers: [{ name: 'init', image: newImage }] }),
  pod('b', { statuses: [restarted(3, { reason: 'OOMKilled', exitCode: 137 })], containers: [{ name: 'app', image: newImage, readinessProbe: { periodSeconds: 3 }, resources: { limits: { memory: '1Mi' } } }] }),
  pod('c', { statuses: [waiting('CreateContainerConfigError', 'x')], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] }),
  pod('old', { owner: 'uid-rs-old' }),
  event('uid-a', 'Failed', 'Failed to pull image "x": no', { container: 'app' }),
  event('uid-b', 'Killing', 'Container app failed liveness probe'),
  event('uid-c', 'FailedMount', 'configmap "x" not found'),
  slice('api', { a: {}, old: {} }),
  controllerRevision(3, 'x'),
];

describe('objects that are not whole', () => {
  it.each([
    ['deployment', deployment({ status: { conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] } })],
    ['statefulset', statefulset()], ['daemonset', daemonset()],
  ] as const)('never make the judge of a %s throw', (kind, workload) => {
    const objects: KubeObject[] = [workload, replicaSet('rs-old', oldImage), replicaSet('rs-new', newImage, { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'x' }] }), ...broken];
    const of = target(kind);
    const services = [{ kind: 'Service', metadata: { name: 'api' }, spec: { selector: { app: 'api' } } }];
    fc.assert(fc.property(fc.tuple(...objects.map((object) => damaged(object))), (wounded) => {
      const world = new World();
      for (const object of wounded) world.apply(set(object));
      takeSnapshot(world, of);
      const expected = { ...expectationOf(world, of, 2, 'after', servicesFor(world.view(of), services, [])), generation: 1, images: new Map<string, string>() };
      const asked = judgeOf(world, { target: of, expected });
      expect(['wait', 'done', 'failed']).toEqual(expect.arrayContaining([0, 1000, 100_000, 600_000].map((at) => asked.at(at).state)));
    }), { numRuns: 300 });
  });

  it('never make the other readers throw', () => {
    fc.assert(fc.property(damaged(deployment() as Workload), (workload) => {
      podSelector([workload, deployment()]);
      restorePatch(target(), workload, { ref: 'deployment/api', minReadySeconds: 0 });
      resolveChanges([{ ref: { kind: 'deployment', name: 'api' }, workload }], 'registry.example/api', newImage, 'ns', new Set());
      selects({ spec: { selector: { app: 'api' } } }, workload.metadata?.labels);
    }), { numRuns: 300 });
  });
});

describe('a hostile cluster', () => {
  it('with an annotation of 1 MB on every object is judged like any other', () => {
    const heavy = <T extends KubeObject>(object: T): T => ({ ...object, metadata: { ...object.metadata, annotations: { ...object.metadata?.annotations, note: 'x'.repeat(1024 * 1024) } } });
    const world = worldOf([deployment(), ...replicaSets(), pod('a'), pod('b')].map(heavy));
    expect(word(settle(judgeOf(world)).decision)).toBe('done');
  });

  it('with thousands of events about one pod still shows the last of them', () => {
    const noise = Array.from({ length: 3000 }, (_each, index) => event('uid-p', 'Unhealthy', `Readiness probe failed: ${index}`));
    const last = event('uid-p', 'Failed', 'Failed to pull image "x": manifest unknown', { container: 'app' });
    expect(word(judgeOf(midway(pod('p', { statuses: [waiting('ContainerCreating')] }), ...noise, last)).at(0))).toBe('image-not-found');
  });

  it('with names at the limit of their length is named in full', () => {
    const name = 'p'.repeat(253);
    const decision = judgeOf(midway(pod(name, { statuses: [restarted(2)] }))).at(0);
    expect(decision.state === 'failed' && decision.message).toContain(name);
  });

  it('with pods that come and go is waited for until the deadline', () => {
    const world = worldOf([deployment({ status: { updatedReplicas: 1, availableReplicas: 1 } }), ...replicaSets()]);
    const asked = judgeOf(world, { patience: { deadlineAt: 300_000 } });
    for (let at = 0; at < 300_000; at += 5000) {
      const passing = pod(`p-${at}`, { statuses: [waiting('CreateContainerConfigError', 'x')] });
      world.apply(set(passing));
      expect(asked.at(at).state).toBe('wait');
      world.apply({ ...set(passing), type: 'gone' });
    }
    expect(word(asked.at(300_000))).toBe('deadline');
  });
});

describe('patience in a cluster where nothing else happens', () => {
  const unscheduled = pod('p', { statuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no room' }] });
  it.each([
    ['unschedulable', midway(unscheduled), 180_000],
    ['container-config', midway(pod('p', { statuses: [waiting('CreateContainerConfigError', 'x')] })), 10_000],
    ['image-pull-failed', midway(pod('p', { statuses: [waiting('ErrImagePull', 'i/o timeout')] })), 120_000],
  ] as const)('%s ends in its own time, looked at only when the judge asks for it', (cause, world, after) => {
    const { decision, atMs } = settle(judgeOf(world), Infinity);
    expect([word(decision), atMs]).toEqual([cause, after]);
    const twice = judgeOf(world);
    expect(twice.at(0).state).toBe('wait');
    expect(word(twice.at(after))).toBe(cause);
  });

  it('survives a trouble that goes for less than 10 s and comes back', () => {
    const world = midway(pod('p', { statuses: [waiting('CreateContainerConfigError', 'x')] }));
    const asked = judgeOf(world);
    asked.at(0);
    world.apply(set(pod('p', { statuses: [waiting('ContainerCreating')] })));
    expect(asked.at(5000).state).toBe('wait');
    world.apply(set(pod('p', { statuses: [waiting('CreateContainerConfigError', 'x')] })));
    expect(asked.at(9999).state).toBe('wait');
    expect(word(asked.at(10_000))).toBe('container-config');
  });

  it('does not survive one that was away for longer', () => {
    const world = midway(pod('p', { statuses: [waiting('CreateContainerConfigError', 'x')] }));
    const asked = judgeOf(world);
    asked.at(0);
    world.apply(set(pod('p', { statuses: [waiting('ContainerCreating')] })));
    asked.at(5000);
    world.apply(set(pod('p', { statuses: [waiting('CreateContainerConfigError', 'x')] })));
    expect(asked.at(20_000).state).toBe('wait');
    expect(asked.at(29_999).state).toBe('wait');
    expect(word(asked.at(30_000))).toBe('container-config');
  });
});
