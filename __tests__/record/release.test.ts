import { describe, expect, it } from '@jest/globals';
import type { Content, Ledger, Release, RunRecord } from '../../src/record/ledger.js';
import { foundRelease, withVerified, type Standing } from '../../src/record/release.js';
import { newImage, oldImage } from '../kubernetes/judge/build.js';

const at = '2026-01-01T00:00:02.500Z';
const content = (subject: string, version: string): Content => ({ subject, part: 'app', version });
const was = content('deployment/api', oldImage);
const standing = (changes: Partial<Standing> = {}, subject = 'deployment/api'): Standing =>
  ({ subject, contents: [content(subject, oldImage)], isIdle: false, ...changes });
const runOf = (changes: Partial<RunRecord> = {}): RunRecord => ({
  id: 'run-1', url: 'https://github.example/runs/1', commit: 'c0ffee', startedAt: '2026-01-01T00:00:00.000Z', phase: 'in-progress', marks: ['images'],
  target: { kind: 'set-image', schema: 1, recorded: {} }, before: [was], after: [content('deployment/api', newImage)], rollback: 'auto', checks: [], passedBefore: [], ...changes,
});
const ledger = (releases: readonly Release[] = [], changes: Partial<RunRecord> = {}): Ledger => ({ schema: 2, app: 'api', releases, run: runOf(changes) });
const known: Release = { reference: oldImage, at, verified: true, contents: [was] };

describe('what was there before a run', () => {
  it('is a release of its own where none names it, with the repository of the run', () => {
    expect(foundRelease([standing()], undefined, at, 'registry.example/shop/api')).toEqual([
      { reference: oldImage, at, repository: 'registry.example/shop/api', verified: true, contents: [was] },
    ]);
  });
  it('is none when it was not healthy', () => {
    expect(foundRelease([standing({ unhealthy: '1 of 2 available' })], undefined, at, undefined)).toEqual([]);
  });
  it('is none when a release names it', () => expect(foundRelease([standing()], ledger([known]), at, undefined)).toEqual([]));
  it('is none when it is what the last run failed with', () => {
    expect(foundRelease([standing()], ledger([], { after: [was] }), at, undefined)).toEqual([]);
  });
  it('is one of the subjects that no release names yet', () => {
    const worker = standing({}, 'deployment/worker');
    expect(foundRelease([standing(), worker], ledger([known]), at, undefined)).toEqual([expect.objectContaining({ contents: worker.contents,
      verified: true })]);
    expect(foundRelease([standing(), { ...worker, unhealthy: '1 of 2 available' }], ledger([known]), at, undefined)).toEqual([]);
  });
  it('is one that was not verified where nothing ran with it, and of a mix says where', () => {
    expect(foundRelease([standing({ isIdle: true })], undefined, at, undefined)).toEqual([expect.objectContaining({ verified: false, unverified: ['deployment/api'] })]);
    expect(foundRelease([standing(), standing({ isIdle: true }, 'cronjob/api')], undefined, at, undefined)).toEqual([
      expect.objectContaining({ verified: true, unverified: ['cronjob/api'] }),
    ]);
  });
});

describe('a run that is verified', () => {
  const now = Date.UTC(2026, 0, 2);
  it('is the newest release, with what its record says of it', () => {
    const verified = withVerified(ledger([known], { override: 'an outage', reason: 'orders fail', repository: 'registry.example/shop/api' }), now, []);
    expect(verified.run.phase).toBe('verified');
    expect(verified.releases).toEqual([{
      reference: newImage, commit: 'c0ffee', runUrl: 'https://github.example/runs/1', at: '2026-01-02T00:00:00.000Z', verified: true, override: 'an outage', reason: 'orders fail',
      repository: 'registry.example/shop/api', contents: [content('deployment/api', newImage)],
    }, known]);
  });
  it('is a release that is not verified where nothing ran with it, and says of a mix where', () => {
    expect(withVerified(ledger(), 0, ['deployment/api']).releases[0]).toMatchObject({ verified: false, unverified: ['deployment/api'] });
    const both = [content('deployment/api', newImage), content('cronjob/api', newImage)];
    expect(withVerified(ledger([], { after: both }), 0, ['cronjob/api']).releases[0]).toMatchObject({ verified: true, unverified: ['cronjob/api'] });
  });
  it('withdraws what it went back from, when it was a rollback', () => {
    const earlier: Release = { reference: newImage, at: '2025-01-01T00:00:00.000Z', verified: true, contents: [content('deployment/api', newImage)] };
    const { releases } = withVerified(ledger([known, earlier], { goesBackTo: earlier }), now, []);
    expect(releases.map(({ reference, contents }) => [reference, contents[0]?.withdrawnAt])).toEqual([[newImage, undefined], [oldImage, '2026-01-02T00:00:00.000Z']]);
  });
});
