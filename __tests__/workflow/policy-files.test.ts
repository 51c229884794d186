import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readPolicyFiles } from '../../src/workflow/policy-files.js';
import { review } from '../../src/policy/review.js';
import { anyCharacter } from '../any-character.js';
import { facts, settings } from '../policy/build.js';

type Texts = Readonly<Record<string, string>>;

function read(texts: Texts, paths: readonly string[] = Object.keys(texts), folders: Readonly<Record<string, readonly string[]>> = {}) {
  const files = { readText: async (path: string) => texts[path], namesIn: async (path: string) => folders[path] };
  return readPolicyFiles(files, { policy: settings({ files: paths }), image: 'ghcr.io/acme/api' });
}

const compose = `services:
  api:
    image: ghcr.io/acme/api:1
    environment:
      - LOG_LEVEL=info
      - SECRET_KEY=hunter22-hunter22
  worker: { build: . }
  db:
    image: postgres:15-alpine
    environment:
      POSTGRES_PASSWORD: password
`;

describe('the files of the repository', () => {
  it('are compose services and manifests, each by its name', async () => {
    const { objects, notes, problems } = await read({
      'compose.yml': compose, 'k8s/all.yml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: api }\n---\n---\nkind: List\napiVersion: v1\nitems:\n  - { apiVersion: v1, kind: Service, metadata: { name: web } }\n  - {}\n',
    });
    expect(objects.map(({ subject, form }) => `${form} ${subject}`)).toEqual([
      'compose-service compose.yml: service/api', 'compose-service compose.yml: service/worker', 'compose-service compose.yml: service/db',
      'kubernetes k8s/all.yml: Deployment/api', 'kubernetes k8s/all.yml: Service/web', 'kubernetes k8s/all.yml: object/(unnamed)',
    ]);
    expect([notes, problems]).toEqual([[], []]);
  });
  it('know which containers are those of the app', async () => {
    const { objects } = await read({ 'compose.yml': compose });
    expect(objects.map(({ deployed }) => [...deployed ?? []])).toEqual([['api'], ['worker'], []]);
  });
  it('lead findings to their lines', async () => {
    const { objects } = await read({ 'compose.yml': compose });
    const { findings } = review(settings(), facts({ objects }));
    expect(findings.map(({ item, place }) => [item, place])).toEqual([
      ['SECRET_KEY', { file: 'compose.yml', line: 6 }], ['POSTGRES_PASSWORD', { file: 'compose.yml', line: 11 }],
    ]);
  });
  it('may use anchors and merge keys', async () => {
    const { objects } = await read({ 'c.yml': 'x-env: &env { environment: { API_KEY: hunter22-hunter22 } }\nservices:\n  a:\n    <<: *env\n    image: a:1\n' });
    expect(review(settings(), facts({ objects })).findings).toMatchObject([{ item: 'API_KEY', place: { file: 'c.yml', line: 4 } }]);
  });
  it('of a folder are those with the ending of YAML or JSON; others in it are left out', async () => {
    const texts = { 'k8s/b.yaml': 'apiVersion: v1\nkind: Service', 'k8s/a.json': '{"apiVersion":"v1","kind":"Pod"}', 'k8s/values.yml': 'image: { tag: latest }', 'k8s/empty.yml': '' };
    const { objects, notes } = await read(texts, ['k8s/'], { 'k8s/': ['b.yaml', 'a.json', 'README.md', 'values.yml', 'empty.yml'] });
    expect([objects.map(({ subject }) => subject), notes]).toEqual([['k8s/a.json: Pod/(unnamed)', 'k8s/b.yaml: Service/(unnamed)'], []]);
  });
  it('that do not exist are problems, and those that cannot be read are notes', async () => {
    const { problems, notes } = await read({ 'values.yml': 'a: b', 'chart.yml': 'a: {{ .Values.x }}: [', 'big.yml': 'x'.repeat(2 * 1024 * 1024) }, ['gone.yml', 'values.yml', 'chart.yml', 'big.yml']);
    expect(problems).toMatchObject([{ cause: 'config-invalid', message: 'The file gone.yml of `policy.files` does not exist.' }]);
    expect(notes).toEqual([
      'The file values.yml of `policy.files` holds neither Kubernetes objects nor compose services.', expect.stringMatching(/^The policy rules cannot read chart\.yml as YAML: /), 'The policy rules do not read big.yml: it is larger than 1 MiB.',
    ]);
  });
  it('with many aliases are not expanded', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefghij'.split('').map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(', ')}]`)].join('\n');
    expect((await read({ 'bomb.yml': bomb })).notes).toEqual([expect.stringMatching(/^The policy rules cannot read bomb\.yml as YAML: /)]);
  });
  it('of any text are read or noted', async () => {
    const text = fc.oneof(fc.string({ unit: anyCharacter }), fc.array(fc.constantFrom('services:', 'apiVersion: v1', '\n', '  ', '- ', 'kind: List', 'items:', '&a', '*a', '<<:', '{', '}', '---', 'a: b', '"')).map((words) => words.join('')));
    await fc.assert(fc.asyncProperty(text, async (content) => {
      const { objects, notes } = await read({ 'f.yml': content });
      expect(objects.length + notes.length).toBeGreaterThan(0);
    }), { numRuns: 200 });
  });
});
