import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { policyOf } from '../../src/config/sections/policy.js';
import { digestOfBuild } from '../../src/outcome/plan.js';
import type { Command, Exited } from '../../src/ports/process.js';
import { objectsText, runPolicyCommands } from '../../src/workflow/policy-commands.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { compose, manifest, workload } from '../policy/build.js';

/** Runs commands whose ends are given in their order. */
async function run(commands: readonly (readonly string[])[], ends: readonly Partial<Exited & { readonly lines: readonly string[] }>[], environment?: string) {
  const started: (Command & { readonly objects: string })[] = [];
  const ports = fakePorts({
    process: { start: (command) => {
      const { lines = [], ...end } = ends[started.length] ?? {};
      started.push({ ...command, objects: ports.written.get(command.env?.['DEPLOY_OBJECTS'] ?? '')?.text ?? '' });
      for (const line of lines) command.onLine?.(line, 'stdout');
      return { pid: 1, exited: Promise.resolve({ code: 0, stdout: '', stderr: '', ...end }), stop: async () => undefined };
    } },
  });
  let folders = 0;
  const files = { ...ports.files, temporaryFolder: async () => `/private/${(folders += 1)}` };
  const policy = { ...policyOf({}, 'web', []), commands };
  const facts = await runPolicyCommands({ ...ports, files }, { policy, environment }, [workload(), compose({})]);
  return { facts, started, lines: ports.lines, modes: [...ports.written.values()].map(({ mode }) => mode) };
}

describe('policy commands', () => {
  it('run one after the other with a file of all objects, in the working directory', async () => {
    const { facts, started } = await run([['conftest test "$DEPLOY_OBJECTS"'], ['kyverno apply', 'true']], [], 'production');
    expect(facts).toEqual([{ command: 'conftest test "$DEPLOY_OBJECTS"' }, { command: 'kyverno apply …' }]);
    expect(started.map(({ program, cwd, env }) => [program, cwd, env?.['DEPLOY_ENVIRONMENT']])).toEqual([['bash', 'web', 'production'], ['bash', 'web', 'production']]);
    expect(parseAllDocuments(started[0]?.objects ?? '').map((document) => document.toJS())).toMatchObject([{ kind: 'Deployment', metadata: { name: 'api' } }]);
  });
  it('that fail are facts, with the line that says why', async () => {
    const { facts, lines } = await run([['conftest test']], [{ code: 1, lines: ['PASS - a', 'FAIL - objects.yaml - main - Containers must not run as root', '2 tests, 1 passed, 1 failure'] }]);
    expect(facts).toMatchObject([{
      command: 'conftest test', output: expect.stringContaining('FAIL - objects'),
      failure: '`conftest test` exited with code 1. It printed: FAIL - objects.yaml - main - Containers must not run as root',
    }]);
    expect(lines).toContain('output FAIL - objects.yaml - main - Containers must not run as root');
  });
  it('that find a lot are quoted in part, and those that say it in another way by the line that gives the reason', async () => {
    const lines = Array.from({ length: 5 }, (_, index) => `FAIL - /private/1/objects.yaml - ${index}`);
    expect((await run([['conftest']], [{ code: 1, lines }])).facts[0]?.failure).toBe('`conftest` exited with code 1. It printed: FAIL - objects.yaml - 0; FAIL - objects.yaml - 1; FAIL - objects.yaml - 2; and 2 more');
    expect((await run([['kyverno']], [{ code: 1, lines: ['policy a -> b', '1 - c validation error: no', 'pass: 0, fail: 1'] }])).facts[0]?.failure).toBe('`kyverno` exited with code 1. It printed: 1 - c validation error: no');
    expect((await run([['lint']], [{ code: 3 }])).facts[0]?.failure).toBe('`lint` exited with code 3.');
  });
  it('that do not exist say so', async () => {
    expect((await run([['conftest test']], [{ code: 127 }])).facts).toMatchObject([{ hint: expect.stringMatching(/^Exit code 127: a command was not found\./) }]);
  });
  it('do not run if there are none, or their rule is off', async () => {
    expect(await run([], [])).toMatchObject({ facts: [], started: [], lines: [] });
    const off = { ...policyOf({}, '.', []), commands: [['x']], levels: { ...policyOf({}, '.', []).levels, commands: 'off' as const } };
    expect(await runPolicyCommands(fakePorts(), { policy: off }, [])).toEqual([]);
  });
});

it('the objects have the keys of Secrets, and none of their values', () => {
  const applied = { 'kubectl.kubernetes.io/last-applied-configuration': '{ "stringData": { "a": "hunter22" } }', 'owner': 'shop' };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', annotations: applied }, type: 'Opaque', data: { b: 'aHVudGVyMjI=' }, stringData: { a: 'hunter22' } };
  expect(parseAllDocuments(objectsText([manifest(secret), manifest({ kind: 'Secret', data: null })])).map((each) => each.toJS() as unknown)).toEqual([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', annotations: { owner: 'shop' } }, type: 'Opaque', data: { b: '' }, stringData: { a: '' } }, { kind: 'Secret', metadata: {}, data: {} },
  ]);
  expect(objectsText([manifest({ kind: 'ConfigMap', data: { a: 'b' } })])).toContain('"a": "b"');
});

it('the objects are one document each, without what the API server adds, and with a digest that tools can parse', () => {
  const of = workload({ containers: [{ name: 'app', image: `r.example/api:1@${digestOfBuild}` }], status: { replicas: 1 } });
  const object = { ...of.object as object, metadata: { name: 'api', managedFields: [{}] } };
  const [document, ...others] = parseAllDocuments(objectsText([{ ...of, object }, compose({})])).map((each) => each.toJS());
  expect(others).toEqual([]);
  expect(document).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'api' }, spec: { template: { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'app', image: `r.example/api:1@sha256:${'0'.repeat(64)}` }] } } } });
});
