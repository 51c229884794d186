import { describe, expect, it } from '@jest/globals';
import type { PodSpec } from '../../../src/kubernetes/client/objects.js';
import { missingParts, referencesOf } from '../../../src/kubernetes/preflight/references.js';

const of = (spec: PodSpec) => referencesOf({ spec }).map(({ kind, name, keys }) => [`${kind}/${name}`, ...keys]);

describe('what a pod template cannot do without', () => {
  it.each<[string, PodSpec, readonly (readonly string[])[]]>([
    ['variables, with their keys', { containers: [{ env: [
      { valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }, { valueFrom: { configMapKeyRef: { name: 'settings', key: 'b' } } }, { valueFrom: { secretKeyRef: { name: 'login', key: 'token' } } },
    ] }] }, [['ConfigMap/settings', 'a', 'b'], ['Secret/login', 'token']]],
    ['all variables of one', { initContainers: [{ envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'login' } }] }] }, [['ConfigMap/settings'], ['Secret/login']]],
    ['volumes', { volumes: [{ configMap: { name: 'settings' } }, { secret: { secretName: 'login' } }, {}] }, [['ConfigMap/settings'], ['Secret/login']]],
    ['some files of volumes', { volumes: [{ configMap: { name: 'settings', items: [{ key: 'a' }] } }, { secret: { secretName: 'login', items: [{ key: 'token' }] } }] },
      [['ConfigMap/settings', 'a'], ['Secret/login', 'token']]],
    ['the sources of a projected volume', { volumes: [{ projected: { sources: [
      { configMap: { name: 'settings' } }, { secret: { name: 'login', items: [{ key: 'token' }] } }, {},
    ] } }] }, [['ConfigMap/settings'], ['Secret/login', 'token']]],
    ['nothing of what is optional', {
      containers: [{ env: [{ valueFrom: { secretKeyRef: { name: 'login', key: 'token', optional: true } } }], envFrom: [{ configMapRef: { name: 'settings', optional: true } }] }],
      volumes: [
        { configMap: { name: 'settings', optional: true, items: [{ key: 'a' }] } }, { secret: { secretName: 'login', optional: true } },
        { projected: { sources: [{ secret: { name: 'login', optional: true, items: [{ key: 'a' }] } }] } },
      ],
    }, []],
  ])('are %s', (_name, spec, found) => expect(of(spec)).toEqual(found));
});

describe('what is missing', () => {
  it('is told with what to do', () => {
    const reference = { kind: 'Secret', name: 'login', keys: ['token', 'user'] } as const;
    expect(missingParts('deployment/api', reference, undefined, 'shop')).toEqual([{
      cause: 'container-config', message: 'deployment/api needs the Secret login, which does not exist in namespace shop: its new pods could not start.',
      hint: 'Create the Secret login, or mark it optional in the pod template.',
    }]);
    expect(missingParts('deployment/api', reference, new Set(['user']), 'shop')).toEqual([{
      cause: 'container-config', message: 'deployment/api needs the key token of the Secret login, which does not contain it: its new pods could not start.',
      hint: 'Add the key token to the Secret login, or mark it optional in the pod template.',
    }]);
    expect(missingParts('deployment/api', reference, new Set(['user', 'token']), 'shop')).toEqual([]);
  });
});
