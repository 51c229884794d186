import { describe, expect, it } from '@jest/globals';
import { RolloutError } from '../../src/outcome/errors.js';
import { outputsOf } from '../../src/config/outputs.js';
import { verdictTable } from '../../src/outcome/verdict.js';
import { outcomeOf, type Ending } from '../../src/workflow/outcome.js';
import { ledgerBefore, releaseOf, sharedRecord } from '../../src/target/set-image/record.js';
import type { Ledger } from '../../src/record/ledger.js';
import { fakeCluster } from '../target/set-image/fake-cluster.js';
import type { OpenRelease } from '../../src/target/set-image/release.js';
import type { Undone } from '../../src/target/set-image/undo.js';
import { newImage, oldImage, target } from '../kubernetes/judge/build.js';
import { verdictSentence } from '../../src/report/words.js';
import { run } from './runs.js';

const failure = { stage: 'rollout', error: new RolloutError('crash-loop', 'It crashes.', { evidence: [{ title: 'a', text: 'from the error' }] }) } as const;
const undone = (result: Undone['result'], changes: Partial<Undone> = {}): Undone => ({ result, notes: [], evidence: [], untouched: [], ...changes });
const ending = (changes: Partial<Ending> = {}): Ending => ({ spans: [], warnings: [], targets: [target()], typed: (args) => ['kubectl', ...args].join(' '), ...changes });

const byHand = `kubectl set image deployment/api app=${oldImage}`;

describe('the verdict', () => {
  it.each([
    ['nothing failed', {}, false, 'deployed'],
    ['nothing had to be done', { unchanged: true }, false, 'unchanged'],
    ['nothing was to be done', {}, true, 'planned'],
    ['it failed before any change', { failure }, false, 'failed'],
    ['it failed in a dry run', { failure }, true, 'failed'],
    ['it failed and nothing had been changed', { failure, undone: undone('untouched') }, false, 'failed'],
    ['it failed and the old version is back', { failure, undone: undone('restored') }, false, 'rolled-back'],
    ['it failed and the old version is not back', { failure, undone: undone('failed') }, false, 'rollback-failed'],
    ['an undo threw', { failure, failedUndos: [{ stage: 'build', error: failure.error }] }, false, 'rollback-failed'],
    ['an undo threw beside one that went well', { failure, undone: undone('restored'), failedUndos: [{ stage: 'build', error: failure.error }] }, false, 'rollback-failed'],
  ] as const)('when %s', (_when, changes, dryRun, verdict) => expect(outcomeOf(run({ dryRun }), ending(changes)).verdict).toBe(verdict));

  const built = { image: 'registry.example/api', build: { context: '.', buildArgs: {}, buildSecrets: {}, platforms: [], labels: {}, cache: 'none' } } as const;
  it.each([
    ['only tested', {}, 'tested'], ['built and pushed', built, 'built'],
  ] as const)('of a run that %s is not `deployed`', (_what, config, verdict) =>
    expect(outcomeOf(run(config), ending({ targets: [] })).verdict).toBe(verdict));

  it('that only tested names no image, also where the settings do', () => {
    const outcome = outcomeOf(run({ image: 'registry.example/api', digest: 'sha256:1' }), ending({ targets: [], digest: 'sha256:1', reference: newImage }));
    expect([outcome.verdict, outcome.image, outcome.digest, outcome.reference]).toEqual(['tested', undefined, undefined, undefined]);
  });

  it('is one that the documentation names for the action', () => {
    const endings: readonly Partial<Ending>[] = [{}, { unchanged: true }, { failure }, { failure, undone: undone('restored') }, { failure, undone: undone('failed') }];
    const rolls = (['deploy', 'rollout', 'rollback'] as const).flatMap((action) => endings.map((changes) => [action, ending(changes), {}] as const));
    const others = (['deploy', 'build'] as const).flatMap((action) =>
      [{}, built].flatMap((config) => [{}, { failure }].map((changes) => [action, ending({ ...changes, targets: [] }), config] as const)));
    for (const [action, ended, config] of [...rolls, ...others]) {
      for (const dryRun of [false, true]) {
        const { verdict } = outcomeOf({ ...run({ ...config, dryRun }), action }, ended);
        expect(verdictTable[verdict].actions).toContain(action);
        expect(outputsOf(action).verdict).toContain(`\`${verdict}\``);
      }
    }
  });
});

describe('the outcome', () => {
  it('says what the run was, and how long it took', () => {
    expect(outcomeOf(run({ image: 'registry.example/api', environment: 'prod' }), ending({ namespace: 'web', reference: newImage, tags: ['2'], warnings: ['w'] }))).toMatchObject({
      app: 'api', environment: 'prod', namespace: 'web', commit: 'c0ffee', runUrl: 'https://github.example/runs/1', startedAt: Date.UTC(2026, 0, 1), durationMs: 1500,
      reference: `registry.example/api@sha256:${'2'.repeat(64)}`, image: 'registry.example/api', tags: ['2'], warnings: ['w'],
    });
  });
  it('names no reference before the digest is known', () => {
    expect(outcomeOf(run(), ending({ reference: 'registry.example/api:2@<digest of the build>' })).reference).toBeUndefined();
  });
  it('says what changed, and what is there now', () => {
    const imagesNow = new Map([['deployment/api:app', oldImage]]);
    expect(outcomeOf(run(), ending({ failure, undone: undone('restored'), imagesNow })).changes).toEqual(
      [{ workload: 'deployment/api', container: 'app', before: oldImage, after: newImage, now: oldImage }]);
    expect(outcomeOf(run(), ending({ unchanged: true })).changes).toEqual([]);
    expect(outcomeOf(run(), ending({ failure })).changes).toEqual([]);
    expect(outcomeOf(run({ dryRun: true }), ending()).changes).toEqual([]);
  });
  it('says why it failed, with what the error and the undo have seen', () => {
    const seen = undone('restored', { evidence: [{ title: 'b', text: 'from the undo' }], notes: ['n'], restoredAfterMs: 5, verifiedAfterMs: 7 });
    const outcome = outcomeOf(run(), ending({ failure, undone: seen }));
    expect(outcome.failure).toEqual({
      cause: 'crash-loop', stage: 'rollout', message: 'It crashes.', hint: 'The last lines of its log are in the evidence.',
      evidence: [{ title: 'a', text: 'from the error' }, { title: 'b', text: 'from the undo' }],
    });
    expect(outcome.rollback).toEqual({ restoredAfterMs: 5, verifiedAfterMs: 7, notes: ['n'] });
  });
  it('says which undo threw, beside what the others did', () => {
    const outcome = outcomeOf(run(), ending({ failure, undone: undone('restored', { notes: ['n'], restoredAfterMs: 5 }), failedUndos: [{ stage: 'build', error: new RolloutError('unexpected', 'x is not a function') }] }));
    expect(outcome.rollback).toMatchObject({ restoredAfterMs: 5, notes: ['n', 'The undo of the stage build failed: x is not a function'] });
  });
  it.each([
    ['deployed', {}, [byHand]], ['rollback-failed', { failure, undone: undone('failed') }, [byHand]],
    ['rolled-back', { failure, undone: undone('restored') }, []], ['unchanged', { unchanged: true }, []], ['failed', { failure }, []],
  ] as const)('%s gives the commands by hand only when they are of use', (_verdict, changes, commands) => {
    expect(outcomeOf(run(), ending(changes)).undoCommands).toEqual(commands);
  });
  it('gives no command that changes nothing, or goes back to what was not good', () => {
    const commandsOf = (changes: Partial<Ending>) => outcomeOf(run(), ending({ failure, undone: undone('failed'), ...changes })).undoCommands;
    expect(commandsOf({ imagesNow: new Map([['deployment/api:app', oldImage]]) })).toEqual([]);
    expect(commandsOf({ imagesNow: new Map([['deployment/api:app', newImage]]) })).toEqual([byHand]);
    expect(commandsOf({ targets: [{ ...target(), nothingGood: true }] })).toEqual([]);
  });
  it('shows the whole time of a rollback on the timeline, also where it was not proven', () => {
    const spans = [{ stage: 'rollout' as const, label: 'rollout', startMs: 0, endMs: 1000, result: 'failed' as const }];
    expect(outcomeOf(run(), ending({ failure, spans, undone: undone('failed', { restoredAfterMs: 27, tookMs: 15_027 }) })).timeline.at(-1)).toMatchObject({ startMs: 1000, endMs: 16_027 });
  });
  it('says that there was nothing good to go back to', () => {
    const outcome = outcomeOf(run(), ending({ failure, undone: undone('failed', { nothingGood: true }) }));
    expect(verdictSentence(outcome)).toMatch(/^[^.]*\. There was no healthy version to go back to: this needs a person now\.$/);
  });
  it('says what was changed to finish an earlier run, instead of that nothing was', () => {
    const recovery = { runId: '1', startedAt: '', result: 'restored' as const, notes: [], changed: ['deployment/api'] };
    const restored = '(the images of deployment/api were restored for it)';
    expect(verdictSentence(outcomeOf(run(), ending({ failure, recovery })))).toContain(`After it had finished an earlier run that died ${restored}, this run changed no workload.`);
    expect(verdictSentence(outcomeOf(run(), ending({ unchanged: true, recovery })))).toContain(`after an earlier run that died was finished ${restored}; nothing else was touched`);
    expect(verdictSentence(outcomeOf(run(), ending({ failure, recovery: { ...recovery, changed: [] } })))).not.toContain('restored for it');
    expect(verdictSentence(outcomeOf(run(), ending({ failure })))).toContain('No workload was changed.');
  });
  it('goes back by hand from the images at the end, to the last proven release where what was there was broken', () => {
    const containers = [{ name: 'app', before: 'api:2', after: 'api:3', back: 'api:1' }];
    const { changes, undoCommands } = outcomeOf(run(), ending({ failure, undone: undone('failed'), targets: [target('deployment', { containers })] }));
    expect([changes[0]?.before, undoCommands]).toEqual(['api:2', ['kubectl set image deployment/api app=api:1']]);
  });
  it('says what nothing runs with, of the images that are there at the end', () => {
    const idle = [{ workload: 'deployment/api', reason: 'it is scaled to 0 replicas' }];
    expect(outcomeOf(run(), ending({ unverified: idle }))).toMatchObject({ verdict: 'deployed', unverified: idle, nothingRuns: true });
    expect(outcomeOf(run(), ending({ failure, unverified: idle, undone: undone('restored') }))).toMatchObject({ unverified: [], nothingRuns: false });
    expect(outcomeOf(run(), ending({ failure, undone: undone('restored', { unverified: idle }) }))).toMatchObject({ unverified: idle, nothingRuns: true });
    const both = [target(), target('cronjob')];
    expect(outcomeOf(run(), ending({ targets: both, unverified: [{ workload: 'cronjob/api', reason: 'it is suspended' }] }))).toMatchObject({ nothingRuns: false });
  });
  it('says nothing of a rollback where there was nothing to put back', () => {
    expect(outcomeOf(run(), ending({ failure, undone: undone('untouched') })).rollback).toBeUndefined();
  });
});

describe('the record of a run', () => {
  const snapshot = (unhealthy?: string) => ({ target: target(), generation: 1, unhealthy, running: new Map([['app', new Set(['sha256:1'])]]) });
  const release = (unhealthy?: string) => ({ targets: [target()], snapshots: [snapshot(unhealthy)], heldBefore: new Set(['service/api/']) }) as unknown as OpenRelease;
  const was = [{ workload: 'deployment/api', container: 'app', image: oldImage }];

  it('says before the first change what is changed, and what was there', () => {
    const check = { text: 'service/api/', target: { type: 'service' as const, name: 'api', path: '/' }, statuses: [200] };
    const secret = { text: 'https://api.example/?token=abc', target: { type: 'url' as const, url: 'https://api.example/?token=abc' }, statuses: [200] };
    expect(ledgerBefore(run({ freezeOverride: 'an outage', smoke: [check, secret] }), undefined, release(), [{ ref: 'deployment/api', minReadySeconds: 3 }], true)).toEqual({
      schema: 1, app: 'api', releases: [{ reference: oldImage, at: '2026-01-01T00:00:02.500Z', proven: true, images: was }],
      run: {
        id: 'run-1', url: 'https://github.example/runs/1', commit: 'c0ffee', actor: 'octocat', startedAt: '2026-01-01T00:00:00.000Z', phase: 'changing', override: 'an outage',
        targets: [target()], held: [{ ref: 'deployment/api', minReadySeconds: 3 }], rollback: 'auto', smoke: [check], before: { held: ['service/api/'], running: { 'deployment/api:app': ['sha256:1'] } },
      },
    });
  });
  it('takes what was there for proven only when it is healthy, and nobody knows better', () => {
    expect(ledgerBefore(run(), undefined, release('1 of 2 available'), [], false).releases).toEqual([]);
    const known = ledgerBefore(run(), undefined, release(), [], false);
    expect(ledgerBefore(run(), known, release(), [], false).releases).toEqual(known.releases);
    const failed = { ...known, releases: [], run: { ...known.run, targets: [target('deployment', { containers: [{ name: 'app', before: 'x', after: oldImage }] })] } };
    expect(ledgerBefore(run(), failed, release(), [], false).releases).toEqual([]);
  });
  it('takes what was there on a workload that no release names yet', () => {
    const worker = target('deployment', { ref: 'deployment/worker', name: 'worker' });
    const both = { ...release(), targets: [target(), worker], snapshots: [snapshot(), { ...snapshot(), target: worker }] };
    const known = ledgerBefore(run(), undefined, release(), [], false);
    const [found, ...others] = ledgerBefore(run(), known, both, [], false).releases;
    expect([found?.images, found?.proven, others]).toEqual([[{ workload: 'deployment/worker', container: 'app', image: oldImage }], true, known.releases]);
    const sick = { ...both, snapshots: both.snapshots.map((each, index) => (index === 1 ? { ...each, unhealthy: '1 of 2 available' } : each)) };
    expect(ledgerBefore(run(), known, sick, [], false).releases).toEqual(known.releases);
  });
  it('notes the repository, whatever the images are called, and in the release that it becomes', () => {
    const known = ledgerBefore(run({ image: 'registry.example/shop/api' }), undefined, release(), [], false);
    expect([known.run.repository, known.releases[0]?.repository, releaseOf(known.run, 0).repository]).toEqual(Array(3).fill('registry.example/shop/api'));
    expect(ledgerBefore(run(), undefined, release(), [], false, 'registry.example/billing/api').run.repository).toBe('registry.example/billing/api');
  });
  it('of another repository is told to the first deployment that comes upon it', () => {
    const ledger = ledgerBefore(run({ image: 'registry.example/shop/api' }), undefined, release(), [], false);
    const told = (image?: string, known: Ledger | undefined = ledger) => sharedRecord(run({ image }).config, { ledger: known, cluster: fakeCluster() });
    expect(told('registry.example/billing/api')).toEqual([
      'The record of api in namespace web is of registry.example/shop/api, and not of registry.example/billing/api: with the same name they share the record and the lock. '
      + 'Give each an `app` of its own to keep them apart.',
    ]);
    expect([told('registry.example/shop/api'), told(undefined)]).toEqual([[], []]);
  });
  it('becomes a release when it is proven', () => {
    const record = ledgerBefore(run({ freezeOverride: 'an outage' }), undefined, release(), [], true).run;
    expect(releaseOf(record, Date.UTC(2026, 0, 2))).toEqual({
      reference: newImage, commit: 'c0ffee', runUrl: 'https://github.example/runs/1', at: '2026-01-02T00:00:00.000Z', proven: true, override: 'an outage',
      images: [{ workload: 'deployment/api', container: 'app', image: newImage }],
    });
  });
  it('becomes one that is not proven where nothing ran with it, and says of a mix where', () => {
    const record = ledgerBefore(run(), undefined, release(), [], false).run;
    expect(releaseOf(record, 0, ['deployment/api'])).toMatchObject({ proven: false, unverified: ['deployment/api'] });
    const both = { ...record, targets: [...record.targets, target('cronjob')] };
    expect(releaseOf(both, 0, ['cronjob/api'])).toMatchObject({ proven: true, unverified: ['cronjob/api'] });
  });
  it('takes what was there without a pod for nothing that was proven', () => {
    const idle = { ...release(), snapshots: [{ ...snapshot(), isIdle: true }] };
    expect(ledgerBefore(run(), undefined, idle, [], false).releases).toEqual([expect.objectContaining({ proven: false, unverified: ['deployment/api'] })]);
  });
  it('holds no reason against a freeze where nothing was frozen', () => {
    const record = ledgerBefore(run({ freezeOverride: 'an outage' }), undefined, release(), [], false).run;
    expect([record.override, releaseOf(record, 0).override]).toEqual([undefined, undefined]);
  });
});
