import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { clockJump } from './clock.js';
import { kindOf } from './fault.js';
import { differences, falsehoods, imagesIn, nameOfTruth, objectsNotAs, type Seen, type SeenWorkload, type Truth } from './oracle.js';
import { plan } from './plan.js';
import { releaseNames, releases } from './release.js';
import { causes } from '../../src/outcome/causes.js';
import { importsOf } from '../architecture/imports-of.js';

describe('the oracle', () => {
  it('shares no code with the action nor with the tests', () => {
    const text = readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'oracle.ts'), 'utf8');
    const imports = importsOf(text).all;
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((name) => !name.startsWith('node:'))).toEqual([]);
  });
});

const image = (version: string): string => `registry/app@${version}`;

function workload(version: string, more: Partial<SeenWorkload> = {}): SeenWorkload {
  const containers = [{ name: 'web', image: image(version) }];
  return {
    uid: 'u1', generation: 1, labels: {}, annotations: {}, replicas: 1, images: { web: image(version) },
    spec: { replicas: 1, template: { metadata: { labels: { app: 'web' } }, spec: { containers } } },
    pods: [{ name: 'web-1', uid: 'p1', leaving: false, ready: true, restarts: 0, images: { web: image(version) }, ip: '10.0.0.1', answers: [`200 ${version}`, `200 ${version}`] }],
    ...more,
  };
}

const seen = (version: string, more: Partial<SeenWorkload> = {}, service = `200 ${version}`): Seen =>
  ({ workloads: { 'deployment/web': workload(version, more) }, service: [service], holder: '', holderSilentMs: 0, phase: undefined, releases: [] });

const before = seen('v1');
const old = { before, images: imagesIn(before), version: 'v1', others: [] };
const pod = workload('v1').pods[0];

describe('what the oracle calls a difference', () => {
  it('is nothing where nothing differs', () => expect(differences(old, seen('v1'))).toEqual([]));

  it.each<readonly [string, Seen, RegExp]>([
    ['another image', seen('v2'), /set to registry\/app@v2/],
    ['another object of the same name', seen('v1', { uid: 'u2' }), /made anew/],
    ['other replicas', seen('v1', { spec: { ...workload('v1').spec, replicas: 2 } }), /spec\.replicas is 2, not 1/],
    ['a pause that nobody lifted', seen('v1', { spec: { ...workload('v1').spec, paused: true } }), /spec\.paused is true/],
    ['an annotation', seen('v1', { annotations: { a: 'b' } }), /annotations/],
    ['a pod of another version', seen('v1', { pods: workload('v2').pods }), /made with registry\/app@v2/],
    ['a pod that is not ready', seen('v1', { pods: pod ? [{ ...pod, ready: false }] : [] }), /not ready/],
    ['a pod too few', seen('v1', { pods: [] }), /0 pods, not 1/],
    ['a pod that answers wrongly', seen('v1', { pods: pod ? [{ ...pod, answers: ['200 v1', '500 not well'] }] : [] }), /answers 500 not well/],
    ['a Service that answers another version', seen('v1', {}, '200 v2'), /Service answered 200 v2/],
  ])('is %s', (_, now, text) => expect(differences(old, now).join('\n')).toMatch(text));

  it('is not what somebody else did', () => {
    const now = seen('v1', { spec: { ...workload('v1').spec, replicas: 2 }, replicas: 1 });
    expect(differences({ ...old, others: [{ ref: 'deployment/web', change: 'replicas', value: 2 }] }, now)).toEqual([]);
  });
});

describe('what the oracle says of the workloads alone', () => {
  it('is nothing of their pods, nor of the Service', () => {
    expect(objectsNotAs({ ...old, images: imagesIn(seen('v2')) }, seen('v2', { pods: [] }, 'refused'))).toEqual([]);
  });

  it('is every other difference', () => {
    expect(objectsNotAs(old, seen('v2')).join()).toMatch(/set to registry\/app@v2/);
    expect(objectsNotAs(old, seen('v1', { spec: { ...workload('v1').spec, paused: true } })).join()).toMatch(/spec\.paused is true/);
  });
});

describe('what the oracle calls false', () => {
  const isNew: Truth = { asNew: [], asOld: ['x'], untouched: false, others: [] };
  const isOld: Truth = { asNew: ['x'], asOld: [], untouched: true, others: [] };
  const restored: Truth = { ...isOld, untouched: false };
  const half: Truth = { asNew: ['x'], asOld: ['y'], untouched: false, others: [] };
  const bad: Truth = { ...half, asNew: undefined };
  const foreign: Truth = { ...restored, others: [{ ref: 'deployment/web', change: 'image', value: 'z' }] };
  const turned: Truth = { ...restored, others: [{ ref: 'service/web', change: 'service', value: 'nobody' }] };

  it.each<readonly [string, readonly Truth[], readonly Truth[]]>([
    ['deployed', [isNew], [isOld, restored, half, bad, foreign]],
    ['unchanged', [isOld], [isNew, restored, half]],
    ['planned', [isOld], [isNew, restored, half]],
    ['tested', [isOld], [isNew, restored, half]],
    ['built', [isOld], [isNew, restored, half]],
    ['failed', [isOld], [isNew, restored, half]],
    ['rolled-back', [isOld, restored], [isNew, half, bad, foreign, turned]],
    ['rollback-failed', [isNew, half, bad, foreign, turned], [isOld, restored]],
    ['nothing', [isNew, isOld, restored], [half]],
    ['excellent', [], [isNew, isOld]],
  ])('%s', (verdict, held, not) => {
    expect(held.filter((truth) => falsehoods(verdict, truth).length > 0)).toEqual([]);
    expect(not.filter((truth) => falsehoods(verdict, truth).length === 0)).toEqual([]);
  });

  it('has a name for every truth', () => {
    expect([isNew, isOld, half, foreign].map(nameOfTruth)).toEqual(['new version', 'as before', 'neither', 'changed by others']);
  });
});

describe('a seed', () => {
  it('makes the same choices again, however many runs are asked for', () => {
    expect(plan(7, 40)).toEqual(plan(7, 40));
    expect(plan(7, 100).slice(0, 10)).toEqual(plan(7, 40));
    expect(plan(8, 40)).not.toEqual(plan(7, 40));
  });

  it('numbers the cases from one, and makes as many as asked for', () => {
    expect(plan(3, 18).flatMap(({ cases }) => cases.map(({ number }) => number))).toEqual(Array.from({ length: 18 }, (_, index) => index + 1));
  });

  it.each([1, 2, 3, 40])('comes to every release within 200 cases: seed %i', (seed) => {
    expect(new Set(plan(seed, 200).flatMap(({ cases }) => cases.map(({ release }) => release)))).toEqual(new Set(releaseNames));
  });

  it('comes to every fault', () => {
    const cases = plan(1, 2000).flatMap((app) => app.cases);
    const api = ['401', '403', '410 for watches', '429', '500', '503', 'all cut', 'answers cut', 'no answers', 'outage', 'slow', 'watches cut', 'web page'];
    const others = ['Service turned away', 'annotation', 'delete', 'other image', 'pause', 'pod deleted', 'restart', 'scale'];
    const registry = ['429', '500', '503', 'slow'];
    expect(new Set(cases.map(({ fault }) => kindOf(fault)))).toEqual(new Set([
      'none', 'cancel', 'SIGTERM', 'SIGINT twice', 'kill', 'kill of one process', 'runner gone', 'clock of the runner jumps', 'another run, which waits', 'another run, which does not wait',
      ...api.map((trouble) => `API: ${trouble}`), ...others.map((change) => `by others: ${change}`), ...registry.map((trouble) => `registry: ${trouble}`),
    ]));
  });
});

describe('the causes', () => {
  // By a person, another run, or an API server that is away: by faults, that is. `unexpected` is always wrong.
  const byFaults = ['api-unreachable', 'cancelled', 'locked', 'superseded', 'unexpected'];

  // By the state of the runner, of the record or of a database, and not by a release: their own tests have them. `command-failed` is reserved.
  const byOthers = [
    'command-failed', 'evicted', 'guard-breached', 'hook-failed', 'not-deployable', 'policy-denied', 'record-unreadable', 'tool-missing', 'tool-timeout',
    'backup-failed', 'backup-overdue', 'migration-failed', 'migration-irreversible', 'restore-failed',
  ];

  it('are all of them among those that a release or a fault is to end with', () => {
    const byReleases = Object.values(releases).flatMap((release) => release.causes);
    expect([...new Set([...byReleases, ...byFaults, ...byOthers])].sort()).toEqual(Object.keys(causes).sort());
  });
});

describe('a clock that jumps', () => {
  const look = 'console.log(Date.now() - before, new Date() - before, Date.parse(Date()) - before > 0, new Date(7).getTime(), new Date(0) instanceof Date)';
  it.each([[3_600_000, 0], [-3_600_000, 0]])('by %i ms', (byMs, afterMs) => {
    const before = Date.now();
    const env = { ...process.env, ...clockJump(byMs, afterMs) };
    const [now = '', made = '', ...rest] = execFileSync(process.execPath, ['--eval', `const before = ${before}; ${look}`], { env, encoding: 'utf8' }).trim().split(' ');
    for (const ms of [now, made]) expect(Math.abs(Number(ms) - byMs)).toBeLessThan(600_000);
    expect(rest).toEqual([String(byMs > 0), '7', 'true']);
  });

  it('not before its time', () => {
    const env = { ...process.env, ...clockJump(3_600_000, 600_000) };
    expect(Number(execFileSync(process.execPath, ['--eval', `console.log(Date.now() - ${Date.now()})`], { env, encoding: 'utf8' }))).toBeLessThan(600_000);
  });
});
