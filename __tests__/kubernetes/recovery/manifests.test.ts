import { describe, expect, it } from '@jest/globals';
import type { ManifestScope } from '../../../src/kubernetes/recovery/manifests.js';
import { applyManifests, applyObjects, readManifests } from '../../../src/kubernetes/recovery/manifests.js';
import { fits, podLabelsOf } from '../../../src/kubernetes/recovery/pods.js';
import type { Pipe } from '../../../src/ports/pipe.js';
import { handClock } from '../client/hand-clock.js';

interface Kubectl { readonly stdout?: string; readonly stderr?: string; readonly code?: number }

/** A cluster whose kubectl ends like this. */
function scopeOf({ stdout = '', stderr = '', code = 0 }: Kubectl) {
  const calls: { args: readonly string[]; input: string }[] = [];
  const pipe = (args: readonly string[]): Pipe => {
    const call = { args, input: '' };
    calls.push(call);
    return {
      output: (async function* () { yield Buffer.from(stdout.slice(0, 5)); yield Buffer.from(stdout.slice(5)); })(),
      write: async (piece) => { call.input += piece.toString(); return true; },
      end: () => undefined, exited: Promise.resolve({ code, stderr }), stop: async () => undefined,
    };
  };
  const scope: ManifestScope = { cluster: { pipe, typed: (args) => args.join(' ') }, clock: handClock(0), signal: new AbortController().signal };
  return { scope, calls };
}

const k8s = { path: 'k8s', isKustomized: false };
const text = (value: object): string => `${JSON.stringify(value, undefined, 4)}\n`;
const [a, b] = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '}\n{' } }, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'b' } }];

describe('objects in files', () => {
  it('are read as kubectl reads them, one document after another or as a list', async () => {
    const { scope, calls } = scopeOf({ stdout: text(a) + text(b) + text({ apiVersion: 'v1', kind: 'List', items: [a] }) });
    expect(await readManifests(scope, { path: 'k8s', isKustomized: true })).toEqual([a, b, a]);
    expect(calls).toEqual([{ args: ['create', '--dry-run=client', '--output=json', '--kustomize=k8s'], input: '' }]);
  });

  it('that kubectl cannot read are a problem, with its words', async () => {
    const { scope } = scopeOf({ code: 1, stderr: 'Warning: old\nresource mapping not found for name: "a" namespace: "" from "k8s/a.yaml": no matches for kind "Foo" in version "v1"\nensure CRDs are installed first\n' });
    await expect(readManifests(scope, k8s)).rejects.toMatchObject({
      code: 'config-invalid', message: 'The objects in k8s cannot be read: resource mapping not found for name: "a" namespace: "" from "k8s/a.yaml": no matches for kind "Foo" in version "v1"',
    });
  });

  it('that are no JSON are named without any value of them', async () => {
    const { scope } = scopeOf({ stdout: text({ kind: 'Secret', data: 'c2VjcmV0' }) });
    await expect(readManifests(scope, k8s)).rejects.toMatchObject({ code: 'config-invalid', message: 'What kubectl reads from k8s lacks apiVersion.' });
  });

  it('are applied through its input, never as an argument', async () => {
    const { scope, calls } = scopeOf({ stdout: 'configmap/a created\nsecret/b unchanged\n' });
    expect(await applyObjects(scope, [a, b])).toEqual(['configmap/a created', 'secret/b unchanged']);
    expect(calls.map(({ args, input }) => [args, JSON.parse(input)])).toEqual([[['apply', '--filename=-'], { apiVersion: 'v1', kind: 'List', items: [a, b] }]]);
    expect(await applyObjects(scope, [])).toEqual([]);
    expect(calls).toHaveLength(1);
  });

  it('that are refused are named, without what is in a Secret', async () => {
    const stderr = 'Error from server (Conflict): error when applying patch:\n{"data":{"password":"aHVudGVyMg=="}}\nto:\nResource: "/v1, Resource=secrets"\nObject: &{map["data":map["password":"aHVudGVyMg=="]]}\n';
    const failure = await applyManifests(scopeOf({ code: 1, stderr }).scope, k8s).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'restore-failed', message: 'The objects in k8s could not be applied: Error from server (Conflict): error when applying patch: to:' });
    expect(JSON.stringify(failure)).not.toContain('aHVudGVyMg');
    await expect(applyManifests(scopeOf({ code: 1 }).scope, k8s)).rejects.toMatchObject({ message: 'The objects in k8s could not be applied: kubectl does not say why' });
  });
});

describe('the pods of an object', () => {
  it.each([
    [{ kind: 'Pod', metadata: { labels: { a: 'b' } } }, { a: 'b' }], [{ kind: 'Pod' }, {}], [{ kind: 'Deployment', spec: { template: { metadata: { labels: { a: 'b' } } } } }, { a: 'b' }],
    [{ kind: 'CronJob', spec: { jobTemplate: { spec: { template: {} } } } }, {}], [{ kind: 'Service', spec: {} }, undefined], [{ kind: 'Cluster', spec: { template: {} } }, undefined],
  ])('%j', (object, labels) => expect(podLabelsOf(object)).toEqual(labels));
  it('have all labels of a selector', () => {
    expect([fits({ a: 'b', c: 'd' }, 'a=b'), fits({ a: 'b', c: 'd' }, 'a=b, c=d'), fits({ a: 'b' }, 'a=b,c=d'), fits({}, 'a=b'), fits({ a: '' }, 'a=')]).toEqual([true, true, false, false, true]);
  });
});
