import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../src/kubernetes/client/resources.js';
import fc from 'fast-check';
import { uidOf, type KubeObject, type Pod } from '../../../src/kubernetes/client/objects.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import { sameTemplate } from '../../../src/kubernetes/observe/template.js';
import { controllerRevision, daemonset, deployment, event, gone, newImage, oldImage, pod, replicaSet, service, set, slice, target, template } from '../judge/build.js';
import { replicaSets, worldOf } from '../judge/judging.js';

const names = (pods: readonly Pod[]): (string | undefined)[] => pods.map((each) => each.metadata?.name);

describe('the pods of a Deployment', () => {
  const world = worldOf([
    deployment(), ...replicaSets(), pod('new'), pod('old', { owner: 'uid-rs-old' }), pod('going', { deleted: true }), pod('old-going', { owner: 'uid-rs-old', deleted: true }),
    pod('stranger', { owner: 'uid-other' }),
  ]);
  it('are told apart by the ReplicaSet whose template is the Deployment’s', () => {
    const view = world.view(target());
    expect([names(view.newPods), names(view.oldPods), names(view.leavingPods).sort()]).toEqual([['new'], ['old'], ['going', 'old-going']]);
    expect(view.replicaSet?.metadata?.name).toBe('rs-new');
  });
  it('count no more once they have ended, though the object stays: evicted, preempted, refused by the node', () => {
    const ended = (name: string, owner: string, phase: string): Pod => {
      const one = pod(name, { owner, reason: 'Evicted' });
      return { ...one, status: { ...one.status, phase } };
    };
    const view = worldOf([
      deployment(), ...replicaSets(), pod('new'), ended('evicted', 'uid-rs-new', 'Failed'), ended('done', 'uid-rs-new', 'Succeeded'), ended('old-evicted', 'uid-rs-old', 'Failed'),
    ]).view(target());
    expect([view.newPods, view.oldPods, view.leavingPods].map(names)).toEqual([['new'], [], []]);
  });
  it('are all old as long as there is no such ReplicaSet', () => {
    const view = worldOf([deployment(), replicaSet('rs-old', oldImage), pod('old', { owner: 'uid-rs-old' })]).view(target());
    expect([view.replicaSet, names(view.newPods), names(view.oldPods)]).toEqual([undefined, [], ['old']]);
  });
  it('are those of the ReplicaSet with the highest revision when two have the same template', () => {
    const twins = [replicaSet('rs-a', newImage, { revision: 4 }), replicaSet('rs-b', newImage, { revision: 7 }), replicaSet('rs-c', newImage, { revision: 5 })];
    expect(worldOf([deployment(), ...twins]).view(target()).replicaSet?.metadata?.name).toBe('rs-b');
  });
  it('are still found when the Deployment is gone', () => {
    const without = worldOf([...replicaSets(), pod('p')]);
    expect(without.view(target()).workload).toBeUndefined();
    expect(names(without.view(target()).oldPods)).toEqual(['p']);
  });
});

describe('templates', () => {
  it('are the same but for the hash that the controller adds', () => {
    expect(sameTemplate(template(newImage), template(newImage, { 'pod-template-hash': 'abc' }))).toBe(true);
    expect(sameTemplate(template(newImage, { 'pod-template-hash': 'def' }), template(newImage, { 'pod-template-hash': 'abc' }))).toBe(true);
    expect(sameTemplate(template(newImage), template(oldImage))).toBe(false);
    expect(sameTemplate(template(newImage), template(newImage, { tier: 'web' }))).toBe(false);
  });
  it('that are missing are the same as none', () => {
    expect(sameTemplate(undefined, undefined)).toBe(false);
    expect(sameTemplate(template(newImage), undefined)).toBe(false);
  });
  it('are compared whatever the order of their fields', () => {
    expect(sameTemplate({ spec: { containers: [{ name: 'a', image: 'b' }], nodeName: 'n' } }, { spec: { nodeName: 'n', containers: [{ image: 'b', name: 'a' }] } })).toBe(true);
  });
});

describe('news', () => {
  const at = (version: string, extra: Partial<NonNullable<KubeObject['metadata']>> = {}): Pod =>
    ({ ...pod('p'), metadata: { ...pod('p').metadata, resourceVersion: version, ...extra } });
  const seen = (world: World) => world.all<Pod>(resources.pods).map((each) => each.metadata?.resourceVersion);

  it('that is older than what is known changes nothing', () => {
    const world = worldOf([at('20')]);
    world.apply(set(at('9')));
    expect(seen(world)).toEqual(['20']);
  });
  it('is compared as numbers of any length', () => {
    const world = worldOf([at('9007199254740993')]);
    world.apply(set(at('9007199254740992')));
    expect(seen(world)).toEqual(['9007199254740993']);
  });
  it('with a version that is no number is believed', () => {
    const world = worldOf([at('20')]);
    world.apply(set(at('etcd-x')));
    expect(seen(world)).toEqual(['etcd-x']);
  });
  it('of what is gone does not bring it back', () => {
    const world = worldOf([at('20')]);
    world.apply(gone(at('21')));
    world.apply(set(at('19')));
    world.apply(set(at('30')));
    expect(seen(world)).toEqual([]);
  });
  it('of something that was never seen may be that it is gone', () => {
    const world = new World();
    world.apply(gone(at('5')));
    world.apply(set(at('4')));
    expect(seen(world)).toEqual([]);
  });
  it('of the same name with another uid is another object', () => {
    const world = worldOf([deployment({ uid: 'one' })]);
    world.apply(gone(deployment({ uid: 'one' })));
    world.apply(set(deployment({ uid: 'two' })));
    expect(uidOf(world.view(target()).workload ?? {})).toBe('two');
  });
  it('comes to the same in any order, however often', () => {
    const changes = [
      ...[deployment(), deployment({ spec: { replicas: 3 } }), ...replicaSets(), pod('a'), pod('b'), pod('a', { deleted: true }), slice('api', { a: {} }), slice('api', { b: {} })].map(set),
      gone(pod('b')), set(event('uid-a', 'Pulled', 'x')), set(event('uid-a', 'Started', 'y')),
    ];
    const whole = (world: World) => {
      const view = world.view(target());
      return [view.workload, view.replicaSet, names(view.newPods), names(view.leavingPods), view.slicesOf('api'), view.eventsOf('uid-a').map((each) => each.reason)];
    };
    const wanted = whole(changes.reduce((world, change) => (world.apply(change), world), new World()));
    fc.assert(fc.property(fc.shuffledSubarray([...changes, ...changes], { minLength: 2 * changes.length }), (shuffled) => {
      expect(whole(shuffled.reduce((world, change) => (world.apply(change), world), new World()))).toEqual(wanted);
    }));
  });
});

describe('events', () => {
  it('are kept by what they are about, in the order in which they were written', () => {
    const first = event('uid-a', 'Pulling', '1');
    const second = event('uid-a', 'Failed', '2');
    const world = worldOf([second, event('uid-b', 'Pulled', 'x'), first]);
    expect(world.view(target()).eventsOf('uid-a').map((each) => each.reason)).toEqual(['Pulling', 'Failed']);
    expect(world.view(target()).eventsOf('uid-c')).toEqual([]);
  });
  it('that are counted up are one event', () => {
    const again = { uid: 'same' };
    const world = worldOf([event('uid-a', 'BackOff', 'once', again), event('uid-a', 'BackOff', 'twice', again)]);
    expect(world.view(target()).eventsOf('uid-a').map((each) => each.message)).toEqual(['twice']);
  });
  it('are forgotten when there are too many of one object', () => {
    const world = worldOf(Array.from({ length: 100 }, (_each, index) => event('uid-a', 'Unhealthy', `${index}`)));
    const kept = world.view(target()).eventsOf('uid-a');
    expect([kept.length, kept.at(-1)?.message]).toEqual([40, '99']);
  });
  it('are forgotten of the object that was silent longest when there are too many objects', () => {
    const world = worldOf(Array.from({ length: 5001 }, (_each, index) => event(`uid-${index}`, 'Unhealthy', 'x')));
    expect([world.view(target()).eventsOf('uid-0').length, world.view(target()).eventsOf('uid-1').length]).toEqual([0, 1]);
  });
  it('about nothing are ignored', () => {
    expect(() => worldOf([{ kind: 'Event', metadata: { uid: 'x' } }])).not.toThrow();
  });
});

it('Services have the slices that carry their name', () => {
  const view = worldOf([daemonset(), controllerRevision(1, 'a'), slice('api', { a: {} }), slice('other', { b: {} }), service('api')]).view(target('daemonset'));
  expect(view.slicesOf('api').length).toBe(1);
  expect(view.slicesOf('none')).toEqual([]);
});
