import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PreflightError } from '../../src/outcome/finding.js';
import { environmentOf, expand } from '../../src/policy/objects/variables.js';
import { workloadsIn } from '../../src/policy/objects/workloads.js';
import { compose, manifest, withContainer, workload } from './build.js';

describe('a value that refers to others', () => {
  const known = new Map<string, { readonly value?: string }>([['A', { value: '1' }], ['SECRET', {}]]);
  it.each<[string, string | undefined]>([
    ['plain', 'plain'], ['$(A)', '1'], ['a$(A)b$(A)', 'a1b1'], ['$$(A)', '$(A)'], ['$$$(A)', '$1'], ['$A', '$A'], ['$(A', '$(A'], ['$(B)', '$(B)'], ['$(SECRET)', undefined], ['$', '$'], ['$()', '$()'],
  ])('%s is %s', (value, expected) => expect(expand(value, { known, isWhole: true })).toBe(expected));
  it('is not known if another variable may exist that nobody can see', () => {
    expect([expand('$(B)', { known, isWhole: false }), expand('$(A)', { known, isWhole: false })]).toEqual([undefined, '1']);
  });
  it('stays as it is without a dollar sign, and ends for any text', () => {
    const text = fc.string({ unit: fc.constantFrom('$', '(', ')', 'A', 'B', ' '), maxLength: 30 });
    fc.assert(fc.property(text, (value) => {
      const expanded = expand(value, { known, isWhole: true });
      if (!value.includes('$')) expect(expanded).toBe(value);
      expect(expanded?.includes('$(A)') && !value.includes('$$')).not.toBe(true);
    }));
  });
});

describe('the containers of an object', () => {
  const of = (...objects: Parameters<typeof workloadsIn>[0]) => workloadsIn(objects).flatMap(({ kind, containers }) => containers.map(({ name, role, isDeployed }) => `${kind} ${name} ${role}${isDeployed ? ' deployed' : ''}`));
  it('are those of its pods: init containers, sidecars, apps', () => {
    expect(of(workload({ containers: [{ name: 'app' }, { name: 'b' }], initContainers: [{ name: 'init' }, { name: 'side', restartPolicy: 'Always' }] })))
      .toEqual(['Deployment init init', 'Deployment side sidecar', 'Deployment app app deployed', 'Deployment b app']);
    expect(of(manifest({ kind: 'Pod', spec: { containers: [{ name: 'a' }] } }), manifest({ kind: 'Job', spec: { template: { spec: { containers: [{ name: 'b' }] } } } }))).toEqual(['Pod a app deployed', 'Job b app deployed']);
    expect(of(compose({ image: 'a' }))).toEqual(['service web app deployed']);
    expect(of(manifest({ kind: 'Service', spec: { template: { spec: { containers: [{ name: 'a' }] } } } }), manifest({}))).toEqual([]);
  });
  it('have the files that compose reads as sources whose content is not known', () => {
    const [service] = workloadsIn([compose({ env_file: ['.env', { path: 'other.env' }] })]);
    expect(service?.containers.map((container) => environmentOf(container, new Map()).unknown)).toEqual([['the file .env', 'the file other.env']]);
  });
  it('have no value where another source than a ConfigMap or Secret gives it', () => {
    const [first] = workloadsIn([withContainer({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 5 } } }, { name: 'B' }, 'odd', null] })]);
    expect([...environmentOf(first?.containers[0] ?? { sources: [], variables: [] }, new Map()).variables]).toMatchObject([['A', { from: 'a field of the pod' }], ['B', { value: '' }], ['', {}]]);
  });
});

it('a single problem is annotated at its line, several are not', () => {
  const problem = { cause: 'policy-denied', message: 'It has none.', place: { file: 'k8s.yml', line: 3 } } as const;
  expect([new PreflightError([problem]).place, new PreflightError([problem, problem]).place]).toEqual([{ file: 'k8s.yml', line: 3 }, undefined]);
});
