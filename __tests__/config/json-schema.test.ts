import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { settingsJsonSchema } from '../../src/config/json-schema.js';
import { readFileLayers } from '../../src/config/layers.js';
import { readSettingsText } from '../../src/config/settings-file.js';
import { fileSettings, settings, type SettingName } from '../../src/config/settings.js';

const validate = new Ajv({ allowUnionTypes: true }).compile(settingsJsonSchema());

/** Problems of the file as it stands, whatever the settings mean together. */
function problems(text: string): readonly string[] {
  const read = readSettingsText('f', text);
  if ('problems' in read) return read.problems.map(({ message }) => message);
  const { base, environments } = readFileLayers(read.root);
  return [base, ...environments.values()].flatMap((layer) => layer.problems.map(({ where, message }) => `${where}: ${message}`));
}

describe('the JSON Schema', () => {
  it.each([
    'image: ghcr.io/acme/api',
    'tags: [1.2, v1, true]\nplatforms: linux/amd64,linux/arm64',
    'build-args: {A: 1, B: true, C: x}\nlabels: "a=b"',
    'build-secrets: {npm: env:NPM}',
    'smoke: ["https://a.example", {target: service/a/, status: [200, 204]}, {target: service/a/, status: 200, contains: x}]',
    'environments: {prod: {timeout: 5m}, staging: }',
    'test: [a, b]',
    'workloads: []',
    'prove-first: false\nlock-timeout: 0s\nfreeze: Fri 16:00 – Mon 08:00 Europe/Paris\nwindows: [Sun 02:00-04:00 UTC]',
    'patience: {not-ready: 0s}',
    // A scalar is what its text is, in quotes or without.
    'image: 5\nprove-first: "true"\nsmoke: [{target: service/a/, status: "200"}, {target: service/a/, status: ["204", 200], contains: 7}]',
  ])('accepts, as the parser does: %s', (text) => {
    expect(problems(text)).toEqual([]);
    expect([validate(parse(text)), validate.errors]).toEqual([true, null]);
  });

  it.each([
    'images: x', 'image: Acme', 'image: [a]', 'image:', 'tags: []', 'tags: ["a b"]', 'build-args: [A=1]', 'build-args: {"a b": 1}', 'build-args: {A: [1]}',
    'build-secrets: {npm: hunter2}', 'build-secrets: "npm=x"', 'smoke: [{status: 200}]', 'smoke: [{target: service/a/, stat: 1}]', 'smoke: [{target: service/a/, status: 20}]',
    'smoke: [{target: service/a/, status: []}]', 'environments: []', 'environments: {prod: {images: x}}', 'environments: {prod: 5}',
    'environments: {prod: {environments: {}}}', 'dry-run: true', 'config: x', 'environment: x', 'registry-password: x', 'timeout: 10', 'cache: all', 'rollback: false',
    'platforms: [linux/amd46]', 'test: {a: b}', 'test: [""]', 'digest: sha256:abc', 'namespace: A_b', 'strategy: canary', 'prove-first: no', 'patience: {smoke-failed: 1m}', 'patience: {not-ready: 5}', 'patience: not-ready=5m',
    'freeze: [5]', 'freeze-override: the shop is down', 'to: 12', '- a', 'a', '',
  ])('refuses, as the parser does: %s', (text) => {
    expect(problems(text)).not.toEqual([]);
    expect(validate(parse(text))).toBe(false);
  });

  const scalar = fc.oneof(fc.constantFrom('a', '10m', 'linux/amd64', 'Sun 02:00-04:00 UTC', 'deployment/a', 'https://a.example', 'env:A', 'A=b', 'auto', 'none', '/k'), fc.integer({ min: 0, max: 9 }), fc.boolean(), fc.constant(null));
  const any = fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), fc.dictionary(fc.constantFrom('a', 'target', 'status', 'b c', 'not-ready'), scalar, { maxKeys: 2 }), fc.array(fc.dictionary(fc.constantFrom('target', 'status', 'contains'), scalar), { maxLength: 2 }));
  const key = fc.oneof({ weight: 9, arbitrary: fc.constantFrom<string>(...fileSettings) }, fc.constantFrom('config', 'dry-run', 'registry-password', 'nonsense', 'environment'));
  const flat = fc.dictionary(key, any, { maxKeys: 2 });

  it('refuses nothing that the parser accepts', () => {
    fc.assert(fc.property(flat, fc.option(fc.dictionary(fc.constantFrom('prod', 'x'), fc.oneof(flat, scalar), { maxKeys: 2 }), { nil: undefined }), (top, environments) => {
      const text = stringify({ ...top, ...(environments ? { environments } : {}) });
      if (problems(text).length === 0) expect([text, validate(parse(text)), validate.errors]).toEqual([text, true, null]);
    }), { numRuns: 2000 });
  });

  it('agrees with the parser on keys and types', () => {
    // One good text for each setting, so that only names and types are left to disagree on.
    const good: Readonly<Partial<Record<SettingName, string>>> = {
      'platforms': 'linux/amd64', 'digest': `sha256:${'a'.repeat(64)}`, 'timeout': '10m', 'workloads': 'deployment/a', 'fence': 'deployment/a', 'smoke': 'https://a.example', 'cache': 'gha',
      'rollback': 'off', 'build-args': 'A=b', 'labels': 'a=b', 'kubectl-url': 'https://a.example/x', 'environment-url': 'https://a.example/', 'kubectl-sha256': 'a'.repeat(64), 'kubeconfig': '/k',
      'lock-timeout': '10m', 'freeze': 'Sun 02:00-04:00 UTC', 'windows': '22:00-06:00 UTC',
    };
    const typed = fc.constantFrom(...fileSettings).chain((name) => {
      const text = good[name] ?? 'a';
      return fc.constantFrom<unknown>(text, [text], [[text]], { a: text }, { a: 'env:A' }, { a: { b: text } }, null, 7, true, { 'not-ready': '5m' }, [null], [7], [true], []).map((value) => ({ [name]: value }));
    });
    fc.assert(fc.property(typed, (file) => {
      const text = stringify(file);
      // A number or truth value among workloads and checks is a text of the wrong form to the parser, a wrong type to the schema: both refuse.
      expect([text, problems(text).length === 0]).toEqual([text, validate(parse(text))]);
    }), { numRuns: 1000 });
  });

  it('describes every setting of the file', () => {
    for (const name of fileSettings) expect(settings[name].description).toMatch(/\.$/);
  });
});
