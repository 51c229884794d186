import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { annotationOf, closingLines } from '../../src/report/closing.js';
import { reportJson, reportValue } from '../../src/report/json.js';
import { outputs } from '../../src/report/outputs.js';
import { planLines } from '../../src/report/plan.js';
import { summary } from '../../src/report/summary.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { redactOutcome } from '../../src/report/redact.js';
import * as declared from '../../src/report/schema.js';
import { verdicts } from '../../src/outcome/verdict.js';
import { reportJsonSchema } from '../../scripts/generate/report-schema.mjs';
import { signs } from '../../src/report/words.js';
import { backedUp, built, checked, deployed, failed, hostileOutcome, planned, restored, rollbackFailed, rolledBack, tested, unchanged } from './outcomes.js';
import { anyCharacter } from '../any-character.js';

const published: unknown = JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8'));
const endings = { deployed, unchanged, planned, tested, built, checked, backedUp, restored, failed, rolledBack, rollbackFailed };
const validate = new Ajv({ allowUnionTypes: true }).compile(published as object);

describe('report.json', () => {
  it.each(Object.entries(endings))('of a run that ended as %s keeps to its schema', (_, outcome) => {
    validate(JSON.parse(reportJson(outcome)));
    expect(validate.errors).toBeNull();
  });

  it('says everything of the outcome', () => {
    expect(reportValue(rolledBack)).toMatchObject({
      schema: 1, verdict: 'rolled-back', success: false, startedAt: '2026-01-02T03:04:05.006Z', durationMs: 42_130,
      failure: { cause: 'crash-loop', stage: 'rollout', evidence: [{ title: 'log of hello-7c9f/app' }] },
      rollback: { restoredAfterMs: 412, verifiedAfterMs: 2850, notes: [] }, plan: null,
    });
  });

  it('has a published schema that is up to date: `npm run generate` writes it', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(reportJsonSchema(declared))));
  });

  it('has every field in its schema, each of them required', () => {
    const { properties, required } = published as { readonly properties: object; readonly required: readonly string[] };
    expect(Object.keys(properties)).toEqual(required);
    expect(Object.keys(reportValue(rolledBack))).toEqual(required);
  });

  it('says what was deployed to, and whether a post step goes on', () => {
    expect([reportValue(rolledBack).target, reportValue({ ...rolledBack, target: 'command' }).target]).toEqual([null, 'command']);
    const goesOn = reportValue({ ...rolledBack, rollback: { notes: [], continued: true } });
    expect([reportValue(rolledBack).rollback?.continued, goesOn.rollback?.continued]).toEqual([false, true]);
  });

  it('keeps to its schema for any text', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => validate(JSON.parse(reportJson(hostileOutcome(text))))));
  });
});

describe('outputs', () => {
  it('name what ran and what ran before', () => {
    expect(outputs({ ...rolledBack, environmentUrl: 'https://a.example/' }, '/tmp/report.json')).toEqual({
      verdict: 'rolled-back', cause: 'crash-loop', stage: 'rollout', image: 'ghcr.io/acme/hello', digest: deployed.digest,
      reference: deployed.reference, 'previous-reference': rolledBack.changes[0]?.before, report: '/tmp/report.json', plan: '', 'environment-url': 'https://a.example/',
    });
  });

  it('of a dry run name what runs now, from its plan', () => {
    expect(outputs(planned, 'r')['previous-reference']).toBe(planned.plan?.changes[0]?.before);
  });

  it('hold the plan of a dry run as JSON', () => {
    expect(JSON.parse(outputs(planned, 'r')['plan'] ?? '')).toMatchObject({ app: 'hello', steps: [{ stage: 'build' }, { stage: 'rollout' }] });
  });
});

describe('the end of the log', () => {
  const [before, after] = [deployed.changes[0]?.before, deployed.changes[0]?.after];

  it.each([
    ['a deployment', deployed, [
      'deployed: hello to production. The new version is deployed to every workload and verified (42.1 s).',
      `  deployment/hello:app ${before} → ${after}`]],
    ['a rollback', rolledBack, [
      'rolled-back: hello to production. The new version crashes. The previous version is restored and verified.',
      `  deployment/hello:app is ${before}`,
      '  The previous version was restored 412 ms after the failure was detected.', '  It was verified 2.9 s later.']],
    ['a failed rollback', rollbackFailed, [
      'rollback-failed: hello to production. The new version crashes. The previous version could not be restored or verified. Manual action is required.',
      `  deployment/hello:app is ${after}`, '  The API server did not answer within 30 s.',
      'Roll back by hand:', `  kubectl --namespace web set image deployment/hello app=${before}`]],
    ['a rollback that the post step goes on with', { ...rollbackFailed, rollback: { notes: ['The step was cancelled.'], continued: true } }, [
      'rollback-failed: hello to production. The new version crashes. The previous version is not restored or verified yet. The post step of this job continues, and reports the result.',
      `  deployment/hello:app is ${after}`, '  The step was cancelled.']],
    ['a rollback that had nothing to put back', { ...rolledBack, rollback: { verifiedAfterMs: 2900, notes: [] } }, [
      'rolled-back: hello to production. The new version crashes. The previous version is restored and verified.',
      `  deployment/hello:app is ${before}`, '  The previous version was verified 2.9 s after the failure was detected.']],
    ['a rollback of what nothing verified', { ...rolledBack, nothingRuns: true, unverified: [{ subject: 'deployment/hello', reason: 'it is scaled to 0 replicas' }] }, [
      'rolled-back: hello to production. The new version crashes. The previous version is set again, but not verified: deployment/hello (it is scaled to 0 replicas).',
      `  deployment/hello:app is ${before}`, '  The previous version was restored 412 ms after the failure was detected.']],
    ['a rollback of some that run', { ...rolledBack, unverified: [{ subject: 'cronjob/nightly', reason: 'it is suspended' }] }, [
      'rolled-back: hello to production. The new version crashes. The previous version is restored and verified where anything runs. '
        + 'Not verified: cronjob/nightly (it is suspended).',
      `  deployment/hello:app is ${before}`, '  The previous version was restored 412 ms after the failure was detected.',
      '  Where anything runs, it was verified 2.9 s later.']],
    ['a failure before any change', failed, ['failed: hello to production. The settings are not valid. No workload was changed.']],
  ])('tells of %s', (_, outcome, lines) => {
    expect(closingLines(outcome)).toEqual(lines);
  });

  it('tells of a restore that was undone, as of data', () => {
    const undone: Outcome = { ...rolledBack, data: { of: 'restore', backups: [], restores: [], kept: [] } };
    expect(closingLines(undone)[0]).toBe('rolled-back: hello to production. The new version crashes. The data from before the restore serves again.');
  });

  it.each<[Outcome, string]>([
    [unchanged, 'unchanged: hello to production. This version was already deployed and is healthy; nothing was changed (42.1 s).'],
    [planned, 'planned: hello to production. This is what a run would do; nothing was changed.'],
    [tested, 'tested: hello for production. The tests passed in 42.1 s. Nothing was built or rolled out.'],
    [built, 'built: hello for production. The image was built and pushed in 42.1 s. Nothing was rolled out.'],
    [{ ...built, imageExisted: true }, 'built: hello for production. The image of this commit was already in the registry, so nothing was built or rolled out (42.1 s).'],
    [checked, 'checked: hello for production. The pull request passed every check in 42.1 s. Nothing was changed.'],
    [backedUp, 'backed-up: hello for production. The backup was completed in 42.1 s.'],
    [{ ...backedUp, data: { of: 'backup', backups: [], restores: [], kept: [], oldestAgeMs: 7_200_000 } },
      'backed-up: hello for production. The last verified backup of each database is recent enough: at most 2 h 00 min old. No backup was made.'],
    [restored, 'restored: hello for production. The data of the backup was restored in 42.1 s.'],
    [{ ...restored, data: { of: 'restore', backups: [], kept: [], restores: [{ database: 'main', engine: 'postgres', backup: 'b', into: 'scratch', compared: '1 table', rtoMs: 1, rpoMs: 1 }] } },
      'restored: hello for production. The drill restored and compared the backup in 42.1 s. No live data was changed.'],
  ])('says in one line what was done and what was not', (outcome, line) => {
    expect(closingLines(outcome)[0]).toBe(line);
    expect(annotationOf(outcome)).toBeUndefined();
    expect(summary(outcome)).toContain(`${signs[outcome.verdict]} ${outcome.verdict}: \`hello\``);
  });

  it('says of a failure after the recovery of an earlier run only what this run did', () => {
    const recovery = { runId: 'run-0', startedAt: '2026-01-01T00:00:00.000Z', result: 'restored', notes: [] } as const;
    expect(closingLines({ ...failed, recovery })).toEqual([
      'failed: hello to production. The settings are not valid. This run finished an interrupted earlier run, and changed no workload itself.',
    ]);
  });

  const idle = [{ subject: 'deployment/hello', reason: 'it is scaled to 0 replicas' }];
  it.each([
    [{ ...deployed, unverified: idle, nothingRuns: true }, 'The new version is set, but not verified (42.1 s): deployment/hello (it is scaled to 0 replicas).'],
    [{ ...deployed, unverified: idle },
      'The new version is deployed to every workload and verified where anything runs (42.1 s). '
      + 'Not verified: deployment/hello (it is scaled to 0 replicas).'],
    [{ ...rolledBack, unverified: idle, nothingRuns: true }, 'The new version crashes. The previous version is set again, but not verified: deployment/hello (it is scaled to 0 replicas).'],
    [{ ...deployed, verdict: 'unchanged', changes: [], unverified: idle, nothingRuns: true } as const,
      'This version was already set, but it is not verified: deployment/hello (it is scaled to 0 replicas). Nothing was changed (42.1 s).'],
  ])('claims no more than was seen: %#', (outcome, text) => {
    expect(closingLines(outcome)[0]).toContain(text);
    expect(summary(outcome)).toContain(text);
    if (outcome.nothingRuns) expect(closingLines(outcome)[0]).not.toMatch(/serve/);
  });

  it('has words for every verdict', () => {
    expect(Object.values(endings).map(({ verdict }) => verdict).sort()).toEqual([...verdicts].sort());
  });

  it('takes what was only tested or built for no deployment from afar', () => {
    const others = verdicts.filter((verdict) => verdict !== 'deployed' && verdict !== 'unchanged').map((verdict) => signs[verdict]);
    expect(others).not.toContain(signs.deployed);
    expect(new Set(others).size).toBe(others.length);
  });

  it('annotates failures only', () => {
    expect(annotationOf(deployed)).toBeUndefined();
    const place = { file: 'Dockerfile', line: 7 };
    expect(annotationOf({ ...rolledBack, failure: rolledBack.failure && { ...rolledBack.failure, place } })).toMatchObject({ place });
    expect(annotationOf(rolledBack)).toEqual({
      title: 'rolled-back: crash-loop',
      text: 'Container app of pod hello-7c9f exited twice, last with exit code 1.\nFix the error that its log reports.',
    });
  });

  it('prints a plan', () => {
    expect(planned.plan && planLines(planned.plan)).toEqual([
      'Plan for hello (environment production, namespace web): nothing was changed.',
      ' 1. build      build and push 2 platforms', '      $ docker buildx build --push --tag ghcr.io/acme/hello:2 .',
      ' 2. rollout    roll out deployment/hello',
      '      $ kubectl set image deployment/hello app=ghcr.io/acme/hello:2@<digest of the build>',
      'Changes:', '  deployment/hello:app', `    - ${before}`, '    + ghcr.io/acme/hello:2@<digest of the build>',
      'Automatic rollback: yes. The image that runs now is in the registry.',
    ]);
  });
});

describe('redaction', () => {
  const text = 'my deployed crash-loop rollout ok secret';
  const hidden = redactOutcome(hostileOutcome(text), (each) => each.replaceAll(/\w/g, 'x'));

  it('reaches every sentence and every text of others', () => {
    const { failure, undoCommands, warnings, timeline, rollback, plan } = hidden;
    const labels = timeline.map(({ label }) => label);
    const sentences = [failure?.message, failure?.hint, failure?.evidence, undoCommands, warnings, labels, rollback, plan?.warnings, plan?.steps];
    expect(JSON.stringify(sentences)).not.toContain('secret');
  });

  it('reaches what is added to an outcome later, and leaves a Role to be applied as it is', () => {
    const evidence = [{ title: 'Role', text: 'secret', ours: true }, { title: 'log', text: 'secret' }];
    const more = { ...hostileOutcome(text), added: { deep: [{ words: 'a secret' }] }, unverified: [{ subject: 'deployment/secret', reason: 'secret' }] };
    const redacted = redactOutcome({ ...more, failure: { cause: 'deadline', stage: 'rollout', message: '', hint: '', evidence } } as Outcome, (each) => each.replaceAll('secret', '***'));
    expect(redacted).toMatchObject({ added: { deep: [{ words: 'a ***' }] }, unverified: [{ subject: 'deployment/secret', reason: '***' }] });
    expect(redacted.failure?.evidence.map((piece) => piece.text)).toEqual(['secret', '***']);
  });

  it('leaves verdict, causes, stages, names and references as they are', () => {
    expect(hidden).toMatchObject({ verdict: 'rollback-failed', failure: { cause: 'crash-loop', stage: 'rollout' }, app: text });
    expect(hidden).toMatchObject({ namespace: text, reference: text, digest: text, tags: [text, text] });
    expect(hidden.changes).toEqual([{ subject: text, part: text, before: text, after: text, now: text }]);
    expect(hidden.timeline.map(({ stage, result }) => [stage, result])).toEqual([['rollout', 'failed'], ['rollback', 'ok']]);
    expect(hidden.plan?.steps.map(({ stage }) => stage)).toEqual(['build', 'rollout']);
  });
});
