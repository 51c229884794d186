import { describe, expect, it } from '@jest/globals';
import type { DatabaseConfig, DisasterConfig, SmokeCheck } from '../../src/config/config.js';
import { DataError } from '../../src/data/error.js';
import { readManifest, type Manifest } from '../../src/data/manifest.js';
import type { KubeObject } from '../../src/kubernetes/client/objects.js';
import type { RecoveryProgress } from '../../src/kubernetes/recovery/progress.js';
import { dataOutputs } from '../../src/report/data.js';
import { runbookOf, splitObjects, type RunbookFacts } from '../../src/workflow/disaster-runbook.js';
import { Recovery, type RecoveryHands } from '../../src/workflow/disaster-steps.js';
import { runStages } from '../../src/workflow/stage.js';
import { addBackup } from '../data/backups.js';
import { memoryStore } from '../store/memory-store.js';
import { run } from './runs.js';

const database = (name: string, more: Partial<DatabaseConfig> = {}): DatabaseConfig =>
  ({ name, engine: 'postgres', reach: { kind: 'pod', selector: `app=${name},role=primary` }, database: `acci-${name}`, isCache: false, ...more });
const pods = (kind: string, name: string, labels: Readonly<Record<string, string>> = {}): KubeObject =>
  ({ kind, metadata: { name }, spec: { template: { metadata: { labels } } } }) as KubeObject;
const main = pods('StatefulSet', 'db', { app: 'main', role: 'primary', more: 'x' });
const nightly = { kind: 'CronJob', metadata: { name: 'nightly' }, spec: { jobTemplate: { spec: { template: {} } } } } as KubeObject;
const objects = [{ kind: 'Secret', metadata: { name: 'db' } }, main, pods('Deployment', 'api'), nightly, pods('DaemonSet', 'agent', { app: 'main' }), pods('Job', 'seed'), { kind: 'Cluster', metadata: { name: 'pg' }, spec: { template: {} } } as KubeObject];
const url: SmokeCheck = { text: 'https://acme.example/ -> 200', target: { type: 'url', url: 'https://acme.example/?a=b' }, statuses: [200] };

const databases = [database('main'), database('events'), database('cache', { engine: 'redis', isCache: true, database: '1' })];
const facts = (more: Partial<RunbookFacts> = {}): RunbookFacts => ({
  namespace: 'web', namespaceExists: false, paths: [{ path: 'k8s', isKustomized: true }], objects, smoke: [url], typed: (args) => ['kubectl', ...args].join(' '),
  databases: databases.map((config) => ({ config })), ...more,
});

describe('the runbook of a recovery', () => {
  it('applies everything that makes pods after the data, except for the databases', () => {
    const { first, app } = splitObjects(facts());
    expect([first.map(({ kind }) => kind), app.map(({ kind }) => kind)]).toEqual([['Secret', 'StatefulSet', 'Cluster'], ['Deployment', 'CronJob', 'DaemonSet', 'Job']]);
  });

  it('has commands for a person, who stops what kubectl has started', () => {
    const [first] = runbookOf(facts());
    expect(first?.commands).toEqual([
      'kubectl create namespace web', 'kubectl apply --kustomize=k8s', 'kubectl scale deployment/api --replicas=0', 'kubectl patch cronjob/nightly --patch={"spec":{"suspend":true}}',
      'kubectl delete daemonset/agent', 'kubectl delete job/seed',
    ]);
  });

  it('has no checks without any, and no namespace to create where it exists', () => {
    const steps = runbookOf(facts({ smoke: [], namespaceExists: true }));
    expect(steps.map(({ label }) => label)).toEqual(['objects', 'databases', 'restore main', 'restore events', 'empty cache', 'app']);
    expect(steps[0]?.title).not.toContain('namespace');
  });

  it('checks addresses as a person would', () => expect(runbookOf(facts()).at(-1)?.commands).toEqual([`curl --fail --silent --show-error 'https://acme.example/?a=b'`]));
});

const store = memoryStore();
const hour = 3_600_000;
const now = run().startedAtWall;
function manifestOf(name: string, ageMs: number): Manifest {
  const backup = addBackup(store, now - ageMs, { database: name });
  return readManifest(store.objects.get(`${name}/${backup}/manifest.json`)?.bytes.toString() ?? '', { database: name, name: backup });
}

/** A namespace with two databases and a cache. What it holds outlives the runs. */
class Place {
  progress?: RecoveryProgress;
  readonly data: Record<string, string | undefined> = {};
  readonly story: string[] = [];
  /** The step that rejects. */
  fails?: string;
  /** The process is killed after this step. */
  killedAfter?: string;
  readonly manifests = { main: manifestOf('main', hour), events: manifestOf('events', 2 * hour) };

  private async did(what: string): Promise<void> {
    if (this.fails === what) throw new DataError('restore-failed', `${what} fails`);
    this.story.push(what);
  }

  get hands(): RecoveryHands {
    return {
      progress: { read: async () => this.progress, write: async (progress) => { this.progress = progress; } },
      createNamespace: () => this.did('namespace'),
      stopApp: (app) => this.did(`stop ${app.length}`),
      apply: (applied) => this.did(`apply ${applied.length}`),
      untilReachable: ({ name }) => this.did(`wait ${name}`),
      holds: async ({ name }) => this.data[name],
      restore: async ({ name }) => {
        await this.did(`restore ${name}`);
        this.data[name] = `1 table of ${name}`;
        if (this.killedAfter === name) throw new DataError('restore-failed', 'killed');
        return { tables: 1, rows: 7, tookMs: 1, words: '1 table, 7 rows', kept: `${name}_pre_restore` };
      },
      empty: async ({ name }) => {
        await this.did(`empty ${name}`);
        return '3 keys of 1 server';
      },
      startApp: () => this.did('start'),
      check: () => this.did('check'),
    };
  }

  async recover({ confirmed = [], settings = { objects: ['k8s'], rtoMs: hour, rpoMs: 6 * hour } }: { confirmed?: readonly string[]; settings?: DisasterConfig } = {}) {
    this.story.length = 0;
    const earlier = this.progress?.finishedAt === undefined ? this.progress : undefined;
    const of = facts();
    const recovered = databases.map((config) => ({ config, ...!config.isCache && { manifest: config.name === 'main' ? this.manifests.main : this.manifests.events } }));
    const recovery = new Recovery(run(), { settings, facts: of, steps: runbookOf(of), databases: recovered, confirmed, ...earlier && { earlier } }, this.hands);
    const before = recovery.left;
    const { failure } = await runStages(recovery.stages, run());
    return { failure, story: [...this.story], data: recovery.data(), left: recovery.left, before, warnings: recovery.warnings };
  }
}

const whole = ['namespace', 'stop 4', 'apply 3', 'wait main', 'wait events', 'wait cache', 'restore main', 'restore events', 'empty cache', 'start', 'check'];

describe('a recovery', () => {
  it('walks the whole way, and measures it', async () => {
    const place = new Place();
    const { failure, story, data, warnings } = await place.recover();
    expect([failure, story, warnings]).toEqual([undefined, whole, []]);
    expect(data.recovery).toMatchObject({ isContinued: false, rtoLimitMs: hour, rpoMs: 2 * hour, rpoLimitMs: 6 * hour });
    expect(data.recovery?.steps.map(({ result }) => result)).toEqual(Array(7).fill('done'));
    expect(data.restores.map(({ into, backup, rows, kept }) => [into, backup, rows, kept])).toEqual([
      ['live', place.manifests.main.name, 7, 'main_pre_restore'], ['live', place.manifests.events.name, 7, 'events_pre_restore'], ['emptied', '', undefined, undefined],
    ]);
    expect(place.progress?.finishedAt).toBeDefined();
    expect(dataOutputs(data)).toMatchObject({ 'rpo-seconds': '7200', 'rto-seconds': String(Math.round((data.recovery?.rtoMs ?? NaN) / 1000)) });
  });

  it.each(whole)('that fails at `%s` starts no app on data that is not complete, and continues', async (step) => {
    const place = new Place();
    place.fails = step;
    const failed = await place.recover();
    expect([failed.before, failed.failure?.error.message]).toEqual(['Nothing was changed.', `${step} fails`]);
    expect(failed.story.includes('start')).toBe(step === 'check');
    expect(dataOutputs(failed.data)['rto-seconds']).toBe('');
    const startedAt = place.progress?.startedAt;
    place.fails = undefined;
    const { failure, story, data } = await place.recover();
    expect(failure).toBeUndefined();
    // Nothing is restored twice, and the time counts from the first start.
    const restores = [...failed.story, ...story].filter((each) => each.startsWith('restore'));
    expect([restores, data.recovery?.steps.every(({ result }) => result === 'done')]).toEqual([['restore main', 'restore events'], true]);
    if (startedAt !== undefined) expect([place.progress?.startedAt, data.recovery?.isContinued]).toEqual([startedAt, true]);
    expect(data.restores).toHaveLength(3);
  });

  it('that is killed between the exchange and its record continues', async () => {
    const place = new Place();
    place.killedAfter = 'events';
    expect((await place.recover()).failure?.error.message).toBe('killed');
    place.killedAfter = undefined;
    const { failure, story } = await place.recover();
    expect([failure, story.filter((each) => each.startsWith('restore'))]).toEqual([undefined, []]);
  });

  it('restores once more what has lost its data since', async () => {
    const place = new Place();
    place.fails = 'restore events';
    await place.recover();
    place.fails = undefined;
    place.data['main'] = undefined;
    expect((await place.recover()).story).toContain('restore main');
  });

  it('does not stop an app whose data is complete', async () => {
    const place = new Place();
    place.fails = 'check';
    expect((await place.recover()).left).toBe('The data is restored and the app is started.');
    place.fails = undefined;
    expect((await place.recover()).story).not.toContain('stop 4');
  });

  it('replaces no data without being told to', async () => {
    const place = new Place();
    place.data['events'] = '12 tables with data (4.2 MB)';
    const { failure, left, data } = await place.recover();
    expect([failure?.error.code, failure?.error.message]).toEqual(['config-invalid', 'The database events is not empty: it has 12 tables with data (4.2 MB). A recovery replaces nothing by accident.']);
    expect(failure?.error.hint).toContain('"acci-events"');
    expect([left, data.recovery?.steps.map(({ result }) => result)]).toEqual([
      'The app is not started. The same command continues with the step that failed.', ['done', 'done', 'done', 'failed', 'not reached', 'not reached', 'not reached'],
    ]);
    expect((await place.recover({ confirmed: ['acci-events'] })).failure).toBeUndefined();
  });

  it('does not take confirmed data for that of a restore that failed', async () => {
    const place = new Place();
    place.data['main'] = 'old';
    place.fails = 'restore main';
    await place.recover({ confirmed: ['acci-main'] });
    place.fails = undefined;
    expect((await place.recover()).failure?.error.message).toContain('The database main is not empty: it has old.');
  });

  it('warns if it took longer than it may', async () => {
    const { warnings } = await new Place().recover({ settings: { objects: [], rtoMs: -1e12, rpoMs: undefined } });
    expect(warnings).toEqual([expect.stringMatching(/^The recovery took .* longer than the .* of `disaster\.rto`\.$/)]);
  });
});
