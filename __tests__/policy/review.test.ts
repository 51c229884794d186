import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PolicyException } from '../../src/config/values/exceptions.js';
import { policyRuleNames } from '../../src/config/values/policy-rules.js';
import { checkedOf } from '../../src/policy/checked.js';
import { endOf, isLike, matches } from '../../src/policy/exceptions.js';
import type { PolicyObject } from '../../src/policy/input.js';
import { readsOf } from '../../src/policy/needs.js';
import { pathText } from '../../src/policy/objects/read.js';
import { review } from '../../src/policy/review.js';
import { ruleTexts } from '../../src/policy/rule-texts.js';
import { rules } from '../../src/policy/rules.js';
import { anyCharacter } from '../any-character.js';
import { facts, now, only, settings, withContainer, workload } from './build.js';

const exception = (changes: Partial<PolicyException> = {}): PolicyException =>
  ({ rule: 'non-root', subject: 'deployment/api', reason: 'the vendor image needs it', until: '2027-06-30', at: { where: 'policy.allow[0]', file: 'deploy.yml', line: 9 }, ...changes });

const reviewed = (allow: readonly PolicyException[], objects: readonly PolicyObject[] = [workload()], at = now) =>
  review(settings({ levels: { ...only('non-root'), exceptions: 'deny' }, allow }), facts({ objects, now: at }));

describe('an exception', () => {
  it('allows its finding until the end of its last day, and keeps it in the report', () => {
    const end = Date.parse('2027-07-01T00:00:00Z');
    expect(endOf(exception())).toBe(end);
    expect(reviewed([exception()]).findings).toMatchObject([{ rule: 'non-root', level: 'allowed', exception: { reason: 'the vendor image needs it', until: '2027-06-30' } }]);
    expect(reviewed([exception()], undefined, end - 1).findings.map(({ rule, level }) => [rule, level])).toEqual([['exceptions', 'warn'], ['non-root', 'allowed']]);
    expect(reviewed([exception()], undefined, end).findings.map(({ rule, level }) => [rule, level])).toEqual([['non-root', 'deny'], ['exceptions', 'deny']]);
  });
  it('that has expired is a finding itself, at its place', () => {
    expect(reviewed([exception({ until: '2026-11-30' })]).findings).toMatchObject([
      { rule: 'non-root', level: 'deny' },
      { rule: 'exceptions', level: 'deny', message: 'The exception for non-root of deployment/api expired on 2026-11-30: the vendor image needs it', place: { file: 'deploy.yml', line: 9 } },
    ]);
  });
  it.each([
    ['2026-12-01', 'today'], ['2026-12-02', 'in 1 day'], ['2026-12-14', 'in 13 days'],
  ])('that ends soon is a warning: after %s', (until, when) => {
    expect(reviewed([exception({ until })]).findings).toMatchObject([
      { rule: 'exceptions', level: 'warn', message: `The exception for non-root of deployment/api ends after ${until}, ${when}: the vendor image needs it` }, { level: 'allowed' },
    ]);
  });
  it('that ends later is not mentioned', () => expect(reviewed([exception({ until: '2026-12-16' })]).findings.map(({ level }) => level)).toEqual(['allowed']));
  it('that matches nothing is a warning, unless its rule is off or could not see everything', () => {
    const other = exception({ subject: 'deployment/apy' });
    expect(reviewed([other]).findings).toMatchObject([{ rule: 'non-root', level: 'deny' }, { rule: 'exceptions', level: 'warn', message: 'The exception for non-root of deployment/apy matches nothing.' }]);
    expect(reviewed([exception({ subject: 'deployment/apy', until: '2026-11-01' })]).findings.map(({ message }) => message)).toContain('The exception for non-root of deployment/apy matches nothing, and expired on 2026-11-01.');
    expect(reviewed([exception({ rule: 'probes' })]).findings.map(({ rule }) => rule)).toEqual(['non-root']);
    const unseen = review(settings({ levels: { ...only('non-root'), exceptions: 'warn' }, allow: [other] }), facts({ objects: [], notes: [{ rule: 'non-root', text: 'It could not be seen.' }] }));
    expect(unseen).toEqual({ findings: [], notes: ['It could not be seen.'] });
  });
  it('of two that match, the one that lasts longer counts', () => {
    expect(reviewed([exception({ until: '2026-11-01' }), exception({ until: '2027-01-31', reason: 'the second one' })]).findings.map(({ exception: of }) => of?.reason)).toContain('the second one');
  });

  it.each<[string, Partial<PolicyException>, boolean]>([
    ['the subject', {}, true], ['the container', { subject: 'deployment/api:app' }, true], ['another container', { subject: 'deployment/api:proxy' }, false], ['any of a kind', { subject: 'deployment/*' }, true],
    ['the item', { item: 'DEBUG' }, true], ['another item', { item: 'DEBUG2' }, false], ['another rule', { rule: 'env' }, false], ['a part of the name', { subject: 'deployment/ap' }, false],
  ])('is about %s', (_what, changes, expected) => {
    expect(matches(exception(changes), { rule: 'non-root', subject: 'deployment/api', container: 'app', item: 'DEBUG' })).toBe(expected);
  });
});

describe('a pattern', () => {
  it.each([['a/b', 'a/b', true], ['a/b', 'a/*', true], ['a/b', '*b', true], ['a/b', '*', true], ['a/b', 'a*b', true], ['ab', 'a*b', true], ['a', 'a*a', false], ['axbxc', 'a*b*c', true], ['ac', 'a*b*c', false], ['a.b', 'a?b', false]])(
    '%s is like %s: %s', (name, pattern, expected) => expect(isLike(name, pattern)).toBe(expected));
  it('means what a regular expression would', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), word, (name, pattern) => {
      expect(isLike(name, pattern)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
    }));
  });
});

describe('levels', () => {
  const objects = [withContainer({ image: 'api:main', env: [{ name: 'DB_PASSWORD', value: 'hunter22-hunter22' }] })];
  it('are those of the settings: off, warn and deny', () => {
    const levelsOf = (levels: Parameters<typeof settings>[0]) => review(settings(levels), facts({ objects })).findings.map(({ rule, level }) => `${rule} ${level}`);
    expect(levelsOf({})).toEqual(['plain-secrets warn', 'mutable-tags warn']);
    expect(levelsOf({ levels: { 'mutable-tags': 'deny', 'plain-secrets': 'off' } })).toEqual(['mutable-tags deny']);
    expect(levelsOf({ levels: { 'mutable-tags': 'deny' } })).toEqual(['mutable-tags deny', 'plain-secrets warn']);
  });
  it('deny nothing unless the settings require something', () => {
    expect(policyRuleNames.filter((name) => settings().levels[name] === 'deny')).toEqual(['env', 'commands']);
    expect(settings()).toMatchObject({ env: {}, commands: [] });
  });
});

describe('what it means for a run', () => {
  const finding = { rule: 'probes', level: 'deny', subject: 'deployment/api', message: 'It has none.', fix: 'Add one.', path: 'spec.containers[0]' } as const;
  it('denied findings are problems, each with its place and what to do', () => {
    expect(checkedOf({ findings: [finding, { ...finding, path: undefined, place: { file: 'k8s.yml', line: 3 } }, { ...finding, path: undefined, output: 'FAIL' }], notes: [] })).toEqual({ warnings: [], problems: [
      { cause: 'policy-denied', message: 'Policy `probes`: It has none (spec.containers[0]).', hint: 'Add one.' }, { cause: 'policy-denied', message: 'Policy `probes`: It has none (k8s.yml:3).', hint: 'Add one.', place: { file: 'k8s.yml', line: 3 } },
      { cause: 'policy-denied', message: 'Policy `probes`: It has none.', hint: 'Add one.', attachment: { title: 'last lines of `deployment/api`', text: 'FAIL', isPrinted: true } },
    ] });
  });
  it('warnings of one rule are one text, which stays short', () => {
    const many = Array.from({ length: 7 }, (_, index) => ({ ...finding, level: 'warn' as const, path: undefined, message: `${index} has none.` }));
    expect(checkedOf({ findings: [...many, { ...finding, rule: 'env', level: 'warn', message: 'No end' }, { ...finding, level: 'allowed' }], notes: ['Not seen.'] })).toEqual({ problems: [], warnings: [
      'Policy `probes`: 0 has none. 1 has none. 2 has none. 3 has none. 4 has none. And 2 more. Add one.', 'Policy `env`: No end (spec.containers[0]). Add one.', 'Not seen.',
    ] });
  });
});

describe('what is read', () => {
  const cluster = { context: 'prod' };
  it('is nothing more by default', () => expect(readsOf(settings(), cluster)).toEqual({ notes: [], reads: { optionalSources: false, autoscalers: false, ingresses: false, others: [] } }));
  it('is what the rules that are on need', () => {
    const wanted = settings({ env: { A: { must: 'be-set' } }, connections: { limit: 1, pool: 1, processes: 1 }, certificates: { days: 1, ingresses: true } });
    expect(readsOf(wanted, cluster).reads).toMatchObject({ optionalSources: true, autoscalers: true, ingresses: true });
    expect(readsOf({ ...wanted, levels: { ...wanted.levels, env: 'off', connections: 'off', certificates: 'off' } }, cluster).reads).toMatchObject({ optionalSources: false, autoscalers: false, ingresses: false });
  });
  it('is another namespace of the same cluster', () => {
    const environments = [{ name: 'staging', namespace: 'staging', context: 'prod', keys: {} }, { name: 'dev', namespace: 'dev', context: 'dev', keys: {} }, { name: 'qa', context: 'prod', keys: {} }];
    const { reads, notes } = readsOf(settings({ levels: { environments: 'warn' }, environments, compareWith: ['staging', 'dev', 'qa'] }), cluster);
    expect(reads.others).toEqual([{ name: 'staging', namespace: 'staging' }]);
    expect(notes.map(({ text }) => text)).toEqual([
      'The policy rule `environments` does not compare the workloads with dev: the settings file names another context of the kubeconfig for it.',
      'The policy rule `environments` does not compare the workloads with qa: the settings file names no namespace for it.',
    ]);
  });
});

describe('objects from outside', () => {
  const odd = fc.letrec<{ readonly value: unknown }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.constant(null), fc.boolean(), fc.integer(), fc.string({ unit: anyCharacter }), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom(
      'kind', 'metadata', 'spec', 'template', 'containers', 'initContainers', 'env', 'envFrom', 'name', 'value', 'image', 'securityContext', 'resources', 'limits', 'services', 'environment', 'data', 'labels', '__proto__', 'valueFrom',
    ), tie('value'), { maxKeys: 5 })),
  })).value;
  const kinds = fc.constantFrom('Deployment', 'CronJob', 'Pod', 'Service', 'Secret', 'ConfigMap', 'Ingress', 'x');
  const all = settings({
    levels: Object.fromEntries(policyRuleNames.map((name) => [name, 'deny'])), env: { A: { must: 'be-set' }, B: { must: 'not-be', values: ['x'] } }, connections: { limit: 1, pool: { variable: 'A' }, processes: 1 },
    production: true, probes: ['readiness', 'liveness'],
  });
  it('of any shape make no rule throw', () => {
    fc.assert(fc.property(kinds, odd, odd, fc.constantFrom<PolicyObject['form']>('kubernetes', 'compose-service'), (kind, spec, rest, form) => {
      const object = { ...typeof rest === 'object' ? rest : {}, kind, spec: { ...typeof spec === 'object' ? spec : {}, template: { metadata: { labels: spec }, spec: rest } } };
      const origin = { kind: 'file', file: 'f.yml', within: [], lineOf: () => 1 } as const;
      const { findings } = review(all, facts({ objects: [{ subject: 'f.yml: x', form, object, origin }], selectors: [{ app: 'a' }] }));
      for (const { message, fix } of findings) expect([typeof message, fix.length > 0]).toEqual(['string', true]);
    }), { numRuns: 300 });
  });
});

describe('the table of rules', () => {
  it.each(policyRuleNames)('%s has its texts for the documentation', (name) => {
    const { looksAt, example, fix } = { ...ruleTexts[name], ...rules[name] };
    expect([looksAt, fix].filter((text) => !/^[A-Z`].*[.]$/s.test(text))).toEqual([]);
    expect(example.trim()).not.toBe('');
  });
  it('writes paths as JSONPath does', () => expect(pathText(['metadata', 'annotations', 'a.b/c', 0, 'x'])).toBe('metadata.annotations["a.b/c"][0].x'));
});
