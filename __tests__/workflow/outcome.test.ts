import { describe, expect, it } from '@jest/globals';
import { CommandError, RolloutError } from '../../src/outcome/errors.js';
import { outputsOf } from '../../src/config/outputs.js';
import { verdictTable } from '../../src/outcome/verdict.js';
import { outcomeOf, type Ending } from '../../src/workflow/outcome.js';
import { newImage, oldImage } from '../kubernetes/judge/build.js';
import { verdictSentence } from '../../src/report/words.js';
import { run } from './runs.js';
import type { Undone } from '../../src/target/target.js';

const failure = { stage: 'rollout', error: new RolloutError('crash-loop', 'It crashes.', { evidence: [{ title: 'a', text: 'from the error' }] }) } as const;
const undone = (result: Undone['result'], changes: Partial<Undone> = {}): Undone => ({ result, notes: [], evidence: [], untouched: [], ...changes });
const ending = (changes: Partial<Ending> = {}): Ending => ({ spans: [], warnings: [], subjects: ['deployment/api'], ...changes });

const byHand = `kubectl set image deployment/api app=${oldImage}`;

describe('the message of a failure', () => {
  const messageOf = (message: string, ...decisive: (string | undefined)[]) => {
    const evidence = decisive.map((line, index) => ({ title: `log ${index}`, text: 'a log', ...(line !== undefined && { decisive: line }) }));
    return outcomeOf(run(), ending({ failure: { stage: 'rollout', error: new RolloutError('crash-loop', message, { evidence }) } })).failure?.message;
  };
  it.each<[string, string, readonly (string | undefined)[], string]>([
    ['quotes the line of the log that says why', 'It crashes.', [undefined, 'no such zone', 'another'], 'It crashes. Its log says: `no such zone`'],
    ['does not say it twice', 'It crashes: no such zone.', ['no such zone'], 'It crashes: no such zone.'],
    ['is as it is without a log', 'It crashes.', [undefined], 'It crashes.'],
  ])('%s', (_, message, decisive, expected) => expect(messageOf(message, ...decisive)).toBe(expected));

  it('quotes what was found while it was undone', () => {
    const evidence = [{ title: 'log', text: 'a log', decisive: 'no such zone' }];
    const { failure: failed } = outcomeOf(run(), ending({ failure, undone: undone('restored', { evidence }) }));
    expect(failed?.message).toBe('It crashes. Its log says: `no such zone`');
  });

  it('stands at the line that it is about', () => {
    const error = new CommandError('build-failed', 'It fails.', { place: { file: 'Dockerfile', line: 7 } });
    expect(outcomeOf(run(), ending({ failure: { stage: 'build', error } })).failure?.place).toEqual({ file: 'Dockerfile', line: 7 });
  });
});

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
    expect(outcomeOf(run(config), ending({ subjects: [] })).verdict).toBe(verdict));

  it('that only tested names no image, also where the settings do', () => {
    const outcome = outcomeOf(run({ image: 'registry.example/api', digest: 'sha256:1' }), ending({ subjects: [], digest: 'sha256:1', reference: newImage }));
    expect([outcome.verdict, outcome.image, outcome.digest, outcome.reference]).toEqual(['tested', undefined, undefined, undefined]);
  });

  it('is one that the documentation names for the action', () => {
    const endings: readonly Partial<Ending>[] = [{}, { unchanged: true }, { failure }, { failure, undone: undone('restored') }, { failure, undone: undone('failed') }];
    const rolls = (['deploy', 'rollout', 'rollback'] as const).flatMap((action) => endings.map((changes) => [action, ending(changes), {}] as const));
    const others = (['deploy', 'build'] as const).flatMap((action) =>
      [{}, built].flatMap((config) => [{}, { failure }].map((changes) => [action, ending({ ...changes, subjects: [] }), config] as const)));
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
    expect(outcomeOf(run({ image: 'registry.example/api', environment: 'prod', environmentUrl: 'https://api.example/' }), ending({ namespace: 'web', reference: newImage, tags: ['2'], warnings: ['w'] }))).toMatchObject({
      app: 'api', environment: 'prod', environmentUrl: 'https://api.example/', namespace: 'web', commit: 'c0ffee', runUrl: 'https://github.example/runs/1', startedAt: Date.UTC(2026, 0, 1), durationMs: 1500,
      reference: `registry.example/api@sha256:${'2'.repeat(64)}`, image: 'registry.example/api', tags: ['2'], warnings: ['w'],
    });
  });
  it('names no reference before the digest is known', () => {
    expect(outcomeOf(run(), ending({ reference: 'registry.example/api:2@<digest of the build>' })).reference).toBeUndefined();
  });
  it('says what changed, and what is there now', () => {
    const rows = [{ subject: 'deployment/api', part: 'app', before: oldImage, after: newImage, now: oldImage }];
    expect(outcomeOf(run(), ending({ failure, undone: undone('restored'), rows })).changes).toEqual(rows);
    expect(outcomeOf(run(), ending({ unchanged: true, rows })).changes).toEqual([]);
    expect(outcomeOf(run(), ending({ failure, rows })).changes).toEqual([]);
    expect(outcomeOf(run({ dryRun: true }), ending({ rows })).changes).toEqual([]);
  });
  it('says why it failed, with what the error and the undo have seen', () => {
    const seen = undone('restored', { evidence: [{ title: 'b', text: 'from the undo' }], notes: ['n'], restoredAfterMs: 5, verifiedAfterMs: 7 });
    const outcome = outcomeOf(run(), ending({ failure, undone: seen }));
    expect(outcome.failure).toEqual({
      cause: 'crash-loop', stage: 'rollout', message: 'It crashes.', hint: 'Fix the error that its log reports.',
      evidence: [{ title: 'a', text: 'from the error' }, { title: 'b', text: 'from the undo' }],
    });
    expect(outcome.rollback).toEqual({ restoredAfterMs: 5, verifiedAfterMs: 7, notes: ['n'] });
  });
  it('says which undo threw, beside what the others did', () => {
    const outcome = outcomeOf(run(), ending({ failure, undone: undone('restored', { notes: ['n'], restoredAfterMs: 5 }), failedUndos: [{ stage: 'build', error: new RolloutError('unexpected', 'x is not a function') }] }));
    expect(outcome.rollback).toMatchObject({ restoredAfterMs: 5, notes: ['n', 'Undoing the stage build failed: x is not a function'] });
  });
  it.each([
    ['deployed', {}, [byHand]], ['rollback-failed', { failure, undone: undone('failed') }, [byHand]],
    ['rolled-back', { failure, undone: undone('restored') }, []], ['unchanged', { unchanged: true }, []], ['failed', { failure }, []],
  ] as const)('%s gives the commands by hand only when they are of use', (_verdict, changes, commands) => {
    expect(outcomeOf(run(), ending({ ...changes, undoCommands: [byHand] })).undoCommands).toEqual(commands);
  });
  it('shows the whole time of a rollback on the timeline, also where it was not proven', () => {
    const spans = [{ stage: 'rollout' as const, label: 'rollout', startMs: 0, endMs: 1000, result: 'failed' as const }];
    expect(outcomeOf(run(), ending({ failure, spans, undone: undone('failed', { restoredAfterMs: 27, tookMs: 15_027 }) })).timeline.at(-1)).toMatchObject({ startMs: 1000, endMs: 16_027 });
  });
  it('says that there was nothing good to go back to', () => {
    const outcome = outcomeOf(run(), ending({ failure, undone: undone('failed', { nothingGood: true }) }));
    expect(verdictSentence(outcome)).toMatch(/^[^.]*\. There was no healthy version to roll back to\. Manual action is required\.$/);
  });
  it('names the versions before: of the change, or of the plan where nothing was changed', () => {
    const row = { subject: 'deployment/api', part: 'app', before: oldImage, after: newImage };
    const plan = { app: 'api', steps: [], warnings: [], notifications: [], changes: [row, { ...row, part: 'sidecar' }] };
    const previous = (changes: Partial<Ending>, dryRun = false) => outcomeOf(run({ dryRun }), ending({ plan, ...changes })).previous;
    expect(previous({ rows: [{ ...row, now: newImage }] })).toEqual([oldImage]);
    expect([previous({ unchanged: true }), previous({}, true), previous({ failure })]).toEqual([[oldImage], [oldImage], []]);
  });
  it('uses the words of the target, and claims no more without one', () => {
    const words = { untouched: 'No lamp was lit.', leftAlone: 'lit no lamp itself', deployed: 'is lit' };
    const recovery = { runId: '1', startedAt: '', result: 'confirmed' as const, notes: [] };
    const sentence = (changes: Partial<Ending>) => verdictSentence(outcomeOf(run(), ending(changes)));
    expect([sentence({ failure, words }), sentence({ failure, words, recovery }), sentence({ words })]).toEqual([
      expect.stringMatching(/ No lamp was lit\.$/), expect.stringMatching(/ and lit no lamp itself\.$/), expect.stringMatching(/^The new version is lit and verified/),
    ]);
    expect([sentence({ failure }), sentence({ failure, recovery })]).toEqual([expect.stringMatching(/ Nothing was deployed\.$/), expect.stringMatching(/ and deployed nothing itself\.$/)]);
  });
  it('says what was changed to finish an earlier run, instead of that nothing was', () => {
    const recovery = { runId: '1', startedAt: '', result: 'restored' as const, notes: [], changed: ['deployment/api'] };
    const restored = '(and restored deployment/api for it)';
    expect(verdictSentence(outcomeOf(run(), ending({ failure, recovery })))).toContain(`This run finished an interrupted earlier run ${restored}, and deployed nothing itself.`);
    expect(verdictSentence(outcomeOf(run(), ending({ unchanged: true, recovery })))).toContain(`This run finished an interrupted earlier run ${restored}, and changed nothing else`);
    expect(verdictSentence(outcomeOf(run(), ending({ failure, recovery: { ...recovery, changed: [] } })))).not.toContain('and restored');
    // What became of it is said by itself.
    expect(verdictSentence(outcomeOf(run(), ending({ failure, recovery: { ...recovery, result: 'failed' } })))).not.toContain('and restored');
    expect(verdictSentence(outcomeOf(run(), ending({ failure })))).toContain('Nothing was deployed.');
  });
  it('says what nothing runs with, of the images that are there at the end', () => {
    const idle = [{ subject: 'deployment/api', reason: 'it is scaled to 0 replicas' }];
    expect(outcomeOf(run(), ending({ unverified: idle }))).toMatchObject({ verdict: 'deployed', unverified: idle, nothingRuns: true });
    expect(outcomeOf(run(), ending({ failure, unverified: idle, undone: undone('restored') }))).toMatchObject({ unverified: [], nothingRuns: false });
    expect(outcomeOf(run(), ending({ failure, undone: undone('restored', { unverified: idle }) }))).toMatchObject({ unverified: idle, nothingRuns: true });
    const both = ['deployment/api', 'cronjob/api'];
    expect(outcomeOf(run(), ending({ subjects: both, unverified: [{ subject: 'cronjob/api', reason: 'it is suspended' }] }))).toMatchObject({ nothingRuns: false });
  });
  it('says nothing of a rollback where there was nothing to put back', () => {
    expect(outcomeOf(run(), ending({ failure, undone: undone('untouched') })).rollback).toBeUndefined();
  });
});
