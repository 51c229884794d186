import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Pod } from '../../../src/kubernetes/client/objects.js';
import type { SmokeCheck } from '../../../src/config/config.js';
import { occurrenceOf } from '../../../src/kubernetes/judge/symptom.js';
import { expectationOf, takeSnapshot } from '../../../src/target/set-image/snapshot.js';
import { runningDigests, servicesFor, unhealthiness } from '../../../src/kubernetes/judge/health.js';
import {
  backingOff, controllerRevision, daemonset, deployment, ended, event, newImage, oldImage, pod, replicaSet, restarted, running, service, slice,
  statefulset, target, waiting,
} from '../../kubernetes/judge/build.js';
import { replicaSets, worldOf } from '../../kubernetes/judge/judging.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const runs = (name: string, imageID: string, changes: Parameters<typeof pod>[1] = {}): Pod => pod(name, { ...changes, statuses: [running({ imageID })] });

describe('what really runs', () => {
  it.each([
    ['containerd', `registry.example/api@${digest('1')}`], ['docker', `docker-pullable://registry.example/api@${digest('1')}`], ['cri-o', digest('1')],
  ])('is read from what %s says', (_runtime, imageID) => expect(runningDigests([runs('a', imageID)])).toEqual(new Map([['app', new Set([digest('1')])]])));
  it('may be several digests at once', () => {
    expect(runningDigests([runs('a', digest('1')), runs('b', digest('2')), runs('c', digest('1'))])).toEqual(new Map([['app', new Set([digest('1'), digest('2')])]]));
  });
  it('is that of init containers and sidecars as well', () => {
    const mesh = running({ name: 'mesh', imageID: digest('2') });
    expect(runningDigests([runs('a', digest('1'), { initStatuses: [mesh] })])).toEqual(new Map([['mesh', new Set([digest('2')])], ['app', new Set([digest('1')])]]));
  });
  it('is nothing for pods that are not ready, or that do not say it', () => {
    expect(runningDigests([pod('a', { statuses: [running({ ready: false, imageID: digest('1') })] }), runs('b', ''), runs('c', 'sha256:short'), {}])).toEqual(new Map());
  });
});

describe('a workload is healthy', () => {
  const whole = [pod('a'), pod('b')];
  const health = (kind: 'deployment' | 'statefulset' | 'daemonset' | 'cronjob', ...objects: KubeObject[]) => unhealthiness(worldOf(objects).view(target(kind)));
  const scaling = deployment({ spec: { replicas: 3 }, status: { availableReplicas: 2 } });
  const starting = (name: string) => pod(name, { statuses: [running({ ready: false })] });
  const numbered = (name: string, hash: string) => pod(name, { owner: 'uid-api', labels: { 'controller-revision-hash': hash } });
  it.each([
    ['when it is complete', health('deployment', deployment(), ...replicaSets(), ...whole), undefined],
    ['but not while an old pod is there', health('deployment', deployment(), ...replicaSets(), ...whole, pod('old', { owner: 'uid-rs-old' })), 'pods of an earlier version: 1'],
    ['also while an autoscaler wants more pods', health('deployment', scaling, ...replicaSets(), ...whole, pod('c', { statuses: [waiting('ContainerCreating')] })), undefined],
    ['also while one of its pods is nowhere yet', health('deployment', scaling, ...replicaSets(), ...whole, pod('c', { statuses: [] })), undefined],
    ['also while one of its pods starts', health('deployment', scaling, ...replicaSets(), ...whole, pod('c', { statuses: [running({ ready: false })] })), undefined],
    ['but not while none of them is ready', health('deployment', deployment({ status: { availableReplicas: 0 } }), ...replicaSets(), starting('a'), starting('b')), '0 of 2 pods available'],
    ['but not while one of them crashes', health('deployment', scaling, ...replicaSets(), ...whole, pod('c', { statuses: [backingOff(2)] })), '2 of 3 pods available'],
    ['but not while one of them is not ready after a crash', health('deployment', scaling, ...replicaSets(), ...whole, pod('c', { statuses: [restarted(1)] })), '2 of 3 pods available'],
    ['but not while one of them has ended', health('deployment', scaling, ...replicaSets(), ...whole, pod('c', { statuses: [ended()] })), '2 of 3 pods available'],
    ['but not while one of them cannot be pulled', health('deployment', scaling, ...replicaSets(), ...whole, pod('c', { statuses: [waiting('ErrImagePull')] })), '2 of 3 pods available'],
    ['but not before its change is taken up', health('deployment', deployment({ generation: 3 }), ...replicaSets(), ...whole), 'its controller has not processed its last change yet'],
    ['but not when it is gone', health('deployment'), 'the workload does not exist'],
    ['as a StatefulSet, with every pod of the newest revision', health('statefulset', statefulset(), numbered('api-0', 'api-new'), numbered('api-1', 'api-new')), undefined],
    ['with pods that its partition keeps as they are', health(
      'statefulset', statefulset({ spec: { updateStrategy: { rollingUpdate: { partition: 1 } } }, status: { updatedReplicas: 1 } }), numbered('api-0', 'api-old'), numbered('api-1', 'api-new'),
    ), undefined],
    ['on every node', health('daemonset', daemonset(), controllerRevision(1, 'x'), numbered('api-a', 'x'), numbered('api-b', 'x')), undefined],
    ['always as a CronJob', health('cronjob'), undefined],
  ])('%s', (_when, seen, reason) => expect(seen).toBe(reason));
});

it('a snapshot holds the health and the digests of new and old pods', () => {
  const world = worldOf([deployment(), ...replicaSets(), runs('a', digest('2')), runs('b', digest('2')), runs('old', digest('1'), { owner: 'uid-rs-old' })]);
  expect(takeSnapshot(world, target())).toEqual(
    { change: target(), unhealthy: 'pods of an earlier version: 1', isIdle: false, running: new Map([['app', new Set([digest('2'), digest('1')])]]) });
});

describe('what a change is measured against', () => {
  const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastUpdateTime: '2026-01-01T00:00:00Z' }];
  const quota = event('uid-api', 'FailedCreate', 'quota');
  const world = worldOf([deployment({ image: oldImage, status: { conditions } }), replicaSet('rs-old', oldImage), pod('old', { owner: 'uid-rs-old', statuses: [restarted(4)] }), quota]);
  const services = [{ name: 'api', exact: true, selects: true }];

  it('is the new image, and everything that was so before', () => {
    expect(expectationOf(world, target(), 7, 'after', services)).toEqual({
      generation: 7, images: new Map([['app', newImage]]), restartsBefore: new Map([['uid-old/app', 4]]), eventsBefore: new Set([occurrenceOf(quota)]), endedBefore: new Set(),
      progressBefore: '2026-01-01T00:00:00Z', goal: 'whole', services,
    });
  });
  it('is the old image when it is put back, or the last proven one', () => {
    const images = (of = target(), which: 'before' | 'back' = 'back') => expectationOf(world, of, 7, which, services).images.get('app');
    const proven = target('deployment', { containers: [{ name: 'app', before: oldImage, after: newImage, back: 'api:0' }] });
    expect([images(), images(proven), images(proven, 'before')]).toEqual([oldImage, 'api:0', oldImage]);
  });
});

describe('the Services of a workload', () => {
  const check = (name: string): SmokeCheck => ({ text: name, target: { type: 'service', name, path: '/' }, statuses: [200] });
  const address: SmokeCheck = { text: 'x', target: { type: 'url', url: 'https://x.example/' }, statuses: [200] };
  const view = worldOf([deployment(), slice('also', {})]).view(target());
  const all = [service('api'), service('other', { selector: { app: 'other' } }), service('headless', { selector: {} }), service('also'), service('unserved')];

  it('are those that select its pods, and those that a smoke check asks', () => {
    expect(servicesFor(view, all, [check('api'), check('other'), address])).toEqual([
      { name: 'api', exact: true, selects: true }, { name: 'other', exact: true, selects: false }, { name: 'also', exact: false, selects: true },
    ]);
  });
  it('are only those that are asked when the workload is gone', () => {
    expect(servicesFor(worldOf([]).view(target()), all, [check('api')])).toEqual([{ name: 'api', exact: true, selects: false }]);
  });
});
