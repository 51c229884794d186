import { describe, expect, it } from '@jest/globals';
import type { PolicyConfig } from '../../src/config/config.js';
import type { PolicyException } from '../../src/config/values/exceptions.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import type { ConfigMap } from '../../src/kubernetes/client/objects.js';
import type { Http } from '../../src/ports/http.js';
import { HttpError } from '../../src/ports/http.js';
import { deploy } from '../../src/workflow/deploy.js';
import { rollBack } from '../../src/workflow/rollback.js';
import { settings } from '../policy/build.js';
import { first, second, TestWorld, type TestRun, type WorldOptions } from './world.js';

type Changes = Parameters<typeof settings>[0];
const debugging = { env: [{ name: 'ENABLE_DEBUG', value: 'true' }] };
const noDebug: Changes = { env: { ENABLE_DEBUG: { must: 'be', values: ['false'] } } };
const denied = 'Policy `env`: Container app of deployment/api has ENABLE_DEBUG set to "true", which must be "false" (spec.template.spec.containers[0].env[0]).';

/** A run with these rules, in a world whose Deployment has a container like this. */
function start(changes: Changes, options: WorldOptions = { container: debugging }, config: Parameters<TestWorld['deployment']>[1] = {}) {
  const world = new TestWorld(options);
  return { world, ...world.deployment(second, { policy: settings(changes) as PolicyConfig, ...config }) };
}

const allow = (until: string): PolicyException => ({ rule: 'env', subject: 'deployment/api', reason: 'INC-1: traces for the vendor', until, at: { where: 'policy.allow[0]' } });

// Demanded by the checklists of the documents: ENABLE_DEBUG is false in production, or nothing is deployed.
describe('a rule that denies', () => {
  it('ends the run before anything is changed, with a cause of its own and everything that was found', async () => {
    const { world, run, events } = start({ ...noDebug, levels: { 'non-root': 'deny', 'resources': 'warn' } });
    const outcome = await deploy(run);
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'policy-denied', stage: 'preflight' } });
    expect(outcome.failure?.message.split('\n')).toEqual([denied, expect.stringMatching(/^Policy `non-root`: Container app of deployment\/api may run as root/)]);
    expect(outcome.failure?.hint).toMatch(/^Change the variable in the pod template.*\nSet `runAsNonRoot: true`/s);
    expect(outcome.policy?.findings.map(({ rule, level }) => `${level} ${rule}`)).toEqual(['deny env', 'deny non-root', 'warn resources']);
    expect([world.changes, world.ledger, world.holder, events.some(({ kind }) => kind === 'planned')]).toEqual([[], undefined, undefined, false]);
  });
  it('fails a dry run in the same way', async () => {
    const { run } = start(noDebug, undefined, { dryRun: true });
    expect(await deploy(run)).toMatchObject({ verdict: 'failed', failure: { cause: 'policy-denied', message: denied } });
  });
  it('comes after other problems, which it is reported with', async () => {
    const { run } = start(noDebug, undefined, { smoke: [{ text: 'service/other/', target: { type: 'service', name: 'other', path: '/' }, statuses: [200] }] });
    const { failure } = await deploy(run);
    expect([failure?.cause, failure?.message.split('\n').at(-1)]).toEqual(['config-invalid', denied]);
  });
  it('does not stop a rollback', async () => {
    const world = await new TestWorld().deployed(second);
    const outcome = await rollBack(world.start('rollback', { policy: settings({ ...noDebug, levels: { 'non-root': 'deny' } }) }).run);
    expect([outcome.verdict, world.imageNow, outcome.policy]).toEqual(['deployed', world.imageOf(first), undefined]);
  });
  it('does not stop the rollback of a release that fails', async () => {
    const { world, run } = start({});
    world.behaviours.set(second, 'crash');
    expect((await deploy(run)).verdict).toBe('rolled-back');
  });
});

describe('a rule that warns', () => {
  const said = 'Policy `env`: Container app of deployment/api has ENABLE_DEBUG set to "true", which must be "false" (spec.template.spec.containers[0].env[0]). '
    + 'Change the variable in the pod template, or in the ConfigMap or Secret that it comes from.';
  it('is a warning of the plan, the log and the outcome, and the run goes on', async () => {
    const { run, lines, events } = start({ ...noDebug, levels: { env: 'warn' } });
    const outcome = await deploy(run);
    expect([outcome.verdict, outcome.warnings, lines.filter((line) => line.startsWith('warning'))]).toEqual(['deployed', [said], [`warning ${said}`]]);
    expect(events[0]).toMatchObject({ kind: 'stage-started' });
    expect(events.find(({ kind }) => kind === 'planned')).toMatchObject({ plan: { warnings: [said] } });
  });
  it('is in the plan of a dry run', async () => {
    expect(await deploy(start({ ...noDebug, levels: { env: 'warn' } }, undefined, { dryRun: true }).run)).toMatchObject({ verdict: 'planned', plan: { warnings: [said] }, policy: { findings: [{ level: 'warn' }] } });
  });
  it('is not heard of without settings in a normal app', async () => {
    const { run, lines } = start({}, { container: { env: [{ name: 'LOG_LEVEL', value: 'info' }], ports: [{ containerPort: 80 }], readinessProbe: {} } });
    expect(await deploy(run)).toMatchObject({ verdict: 'deployed', warnings: [], policy: { findings: [], notes: [] } });
    expect(lines.filter((line) => /policy/i.test(line))).toEqual([]);
  });
});

describe('an exception', () => {
  it('lets the run pass until its last day', async () => {
    const { run, lines } = start({ ...noDebug, allow: [allow('2026-06-30')] }, { container: debugging, at: '2026-06-01T00:00:00Z' });
    const outcome = await deploy(run);
    expect([outcome.verdict, outcome.warnings, outcome.policy?.findings.map(({ level }) => level)]).toEqual(['deployed', [], ['allowed']]);
    expect(lines).toContain('info Policy `env`: Container app of deployment/api has ENABLE_DEBUG set to "true", which must be "false". It is allowed until 2026-06-30: INC-1: traces for the vendor');
  });
  it('is a warning shortly before its end', async () => {
    const { run } = start({ ...noDebug, allow: [allow('2026-06-30')] }, { container: debugging, at: '2026-06-30T23:00:00Z' });
    const { verdict, warnings } = await deploy(run);
    expect([verdict, warnings]).toEqual(['deployed', [expect.stringMatching(/^Policy `exceptions`: The exception for env of deployment\/api ends after 2026-06-30, today: INC-1/)]]);
  });
  it('denies again after it, and is reported itself', async () => {
    const { world, run } = start({ ...noDebug, allow: [allow('2026-06-30')] }, { container: debugging, at: '2026-07-01T00:00:00Z' });
    const outcome = await deploy(run);
    expect([outcome.failure?.cause, outcome.policy?.findings.map(({ rule, level }) => `${rule} ${level}`), world.changes]).toEqual(['policy-denied', ['env deny', 'exceptions warn'], []]);
  });
  it('that matches nothing is a warning', async () => {
    const { run } = start({ env: {}, allow: [{ ...allow('2027-06-30'), rule: 'plain-secrets' }] });
    expect((await deploy(run)).warnings).toEqual([expect.stringMatching(/^Policy `exceptions`: The exception for plain-secrets of deployment\/api matches nothing\./)]);
  });
});

describe('what is read', () => {
  const reads = (world: TestWorld) => world.server.seen.filter((each) => each.startsWith('GET')).sort();
  const container = { envFrom: [{ configMapRef: { name: 'settings' } }, { configMapRef: { name: 'more', optional: true } }] };
  async function withSettings(changes: Changes): Promise<TestWorld> {
    const { world, run } = start(changes, { container }, { dryRun: true });
    world.server.put(apiPath(resources.configmaps, 'web', 'settings'), { kind: 'ConfigMap', metadata: { name: 'settings' }, data: { ENABLE_DEBUG: 'true' } } as ConfigMap);
    await deploy(run);
    return world;
  }
  it('is nothing more than the preflight reads, unless a rule that is on needs it', async () => {
    const off = Object.fromEntries(Object.keys(settings().levels).map((name) => [name, 'off']));
    expect(reads(await withSettings({}))).toEqual(reads(await withSettings({ levels: off })));
    const more = reads(await withSettings(noDebug)).filter((each) => !reads(new TestWorld()).includes(each));
    expect(more.filter((each) => each.includes('configmaps'))).toEqual(['GET /api/v1/namespaces/web/configmaps/deploy-ledger-api', 'GET /api/v1/namespaces/web/configmaps/more', 'GET /api/v1/namespaces/web/configmaps/settings']);
  });
  it('is a value of a ConfigMap, of which the rule speaks', async () => {
    const { world, run } = start(noDebug, { container });
    world.server.put(apiPath(resources.configmaps, 'web', 'settings'), { kind: 'ConfigMap', metadata: { name: 'settings' }, data: { ENABLE_DEBUG: 'true' } } as ConfigMap);
    expect((await deploy(run)).failure?.message).toBe('Policy `env`: Container app of deployment/api has ENABLE_DEBUG set to "true", from the ConfigMap settings, which must be "false" (spec.template.spec.containers[0].envFrom[0]).');
  });
  it('is one request for each ConfigMap, however many containers use it', async () => {
    const { world, run } = start({}, { container });
    world.deployments.add('worker', { image: world.imageOf(first), container });
    const workloads = [{ kind: 'deployment', name: 'api' }, { kind: 'deployment', name: 'worker' }] as const;
    await deploy({ ...run, config: { ...run.config, dryRun: true, workloads } });
    expect(reads(world).filter((each) => each.endsWith('configmaps/settings'))).toHaveLength(1);
  });
  it('are autoscalers, and where they are not allowed, a warning says so', async () => {
    const budget: Changes = { connections: { limit: 15, pool: 10, processes: 1 }, levels: { connections: 'deny' } };
    const { world, run } = start(budget, {});
    const path = apiPath(resources.horizontalpodautoscalers, 'web', 'api');
    world.server.put(path, { kind: 'HorizontalPodAutoscaler', metadata: { name: 'api' }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' }, maxReplicas: 10 } } as never);
    expect((await deploy(run)).failure?.message).toBe('Policy `connections`: The pods can open 130 connections to the database, and the limit is 15: deployment/api (10 by autoscaler api + 3 of a rollout) × 10.');
    const other = start({ ...budget, levels: { connections: 'warn' } }, {});
    other.world.server.trouble = ({ path: of }) => (of.endsWith('horizontalpodautoscalers') ? { status: 403, reason: 'Forbidden', message: 'no' } : undefined);
    expect((await deploy(other.run)).warnings).toEqual([
      expect.stringMatching(/^Policy `connections`: The pods can open 30 connections/), 'HorizontalPodAutoscalers cannot be listed by this account, so the policy rule `connections` counts the current replicas.',
    ]);
  });
  it('are the same workloads of another environment', async () => {
    const environments = [{ name: 'staging', namespace: 'staging', keys: {} }];
    const { world, run } = start({ levels: { environments: 'warn' }, environments, compareWith: ['staging'] });
    world.server.put('/apis/apps/v1/namespaces/staging/deployments/api', { kind: 'Deployment', metadata: { name: 'api' }, spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'NEW', value: '1' }] }] } } } } as never);
    expect((await deploy(run)).policy?.findings.map(({ message }) => message)).toEqual([
      'Container app of deployment/api does not have the environment variable NEW, which it has in staging.', 'Container app of deployment/api has the environment variable ENABLE_DEBUG, which it does not have in staging.',
    ]);
    const denied = start({ levels: { environments: 'warn' }, environments, compareWith: ['staging'] });
    denied.world.server.trouble = ({ path: of }) => (of.includes('/staging/') ? { status: 403, reason: 'Forbidden', message: 'no' } : undefined);
    expect((await deploy(denied.run)).warnings).toEqual(['The account is not allowed to read the workloads in namespace staging, so the policy rule `environments` does not compare them with staging.']);
  });
});

describe('certificates', () => {
  const withHost = (of: TestRun, certificate: Http['certificate']): TestRun['run'] => ({ ...of.run, ports: { ...of.run.ports, http: { ...of.run.ports.http, certificate } } });
  const environmentUrl = 'https://shop.example/start';
  it('of the host where users reach the app: the days that are left', async () => {
    const started = start({ levels: { certificates: 'deny' } }, {}, { environmentUrl });
    const asked: string[] = [];
    const run = withHost(started, async ({ url }) => {
      asked.push(url);
      return { startsAt: Date.parse('2025-10-08T00:00:00Z'), expiresAt: Date.parse('2026-01-06T00:00:00Z') };
    });
    expect((await deploy(run)).failure?.message).toBe('Policy `certificates`: The certificate of https://shop.example (environment-url) expires on 2026-01-06, in 4 days.');
    expect(asked).toEqual(['https://shop.example']);
  });
  it('that cannot be read are a line of the log, and a warning where the rule denies', async () => {
    const text = 'The policy rule `certificates` could not check https://shop.example (environment-url): the name shop.example does not exist.';
    const away: Http['certificate'] = async () => Promise.reject(new HttpError('name', 'the name shop.example does not exist'));
    const started = start({}, {}, { environmentUrl });
    expect([(await deploy(withHost(started, away))).warnings, started.lines.includes(`info ${text}`)]).toEqual([[], true]);
    expect((await deploy(withHost(start({ levels: { certificates: 'deny' } }, {}, { environmentUrl }), away))).warnings).toEqual([text]);
  });
  it('are not looked at where the rule is off, or nothing is reached by https', async () => {
    const never: Http['certificate'] = async () => Promise.reject(new Error('nobody asks'));
    expect((await deploy(withHost(start({ levels: { certificates: 'off' } }, {}, { environmentUrl }), never))).warnings).toEqual([]);
    expect((await deploy(withHost(start({}, {}, { environmentUrl: 'http://shop.example' }), never))).warnings).toEqual([]);
  });
});

describe('files and commands', () => {
  it('are part of the review', async () => {
    const started = start({ files: ['compose.yml', 'gone.yml'], levels: { 'plain-secrets': 'deny' } }, {});
    const files = { ...started.run.ports.files, readText: async (path: string) => (path === 'compose.yml' ? 'services: { db: { image: postgres:15, environment: { POSTGRES_PASSWORD: password } } }' : path === '/k' ? started.run.ports.files.readText(path) : undefined) };
    const { failure, policy } = await deploy({ ...started.run, ports: { ...started.run.ports, files } });
    expect(failure?.message.split('\n')).toEqual([
      'The file gone.yml of `policy.files` does not exist.',
      'Policy `plain-secrets`: compose.yml: service/db has what looks like a secret in plain text in its variable POSTGRES_PASSWORD (compose.yml:1).',
    ]);
    expect(policy?.findings).toMatchObject([{ place: { file: 'compose.yml', line: 1 } }]);
  });
  it('see the objects with the new images', async () => {
    const started = start({ commands: [['conftest test']] }, {});
    let objects = '';
    const run: TestRun['run'] = { ...started.run, ports: { ...started.run.ports, process: { ...started.run.ports.process, start: (command) => {
      if (command.program !== 'bash') return started.run.ports.process.start(command);
      const seen = started.run.ports.files.readText(command.env?.['DEPLOY_OBJECTS'] ?? '').then((text = '') => void (objects = text));
      command.onLine?.('FAIL - no', 'stdout');
      return { pid: 1, exited: seen.then(() => ({ code: 1, stdout: '', stderr: '' })), stop: async () => undefined };
    } } } };
    const { failure } = await deploy(run);
    expect([failure?.cause, failure?.evidence]).toEqual(['policy-denied', [{ title: 'last lines of `conftest test`', text: 'FAIL - no', isPrinted: true }]]);
    expect(objects).toContain(`"image": "${started.world.imageOf(second)}"`);
    expect(started.world.changes).toEqual([]);
  });
});
