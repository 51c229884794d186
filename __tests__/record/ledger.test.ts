import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { releasesKept, sameContents, withRelease, type Ledger, type Release } from '../../src/record/ledger.js';
import { previousRelease } from '../../src/record/history.js';
import { newImage, oldImage, target } from '../kubernetes/judge/build.js';
import { formatLedger, parseLedger } from '../../src/record/schema.js';
import { contentsOf } from '../../src/target/set-image/image-change.js';
import { at, runRecord, imagesRecord, ledgerOfRun } from './build.js';

const release = (version: string, changes: Partial<Release> = {}): Release =>
  ({ reference: `api:${version}`, at, verified: true, contents: [{ subject: 'deployment/api', part: 'app', version: `api:${version}` }], ...changes });
const now = (version: string) => release(version).contents;
const ledger = (changes: Partial<Ledger> = {}): Ledger => ledgerOfRun(runRecord([target()], {
  ...imagesRecord([target()], { paused: [{ ref: 'deployment/api', minReadySeconds: 3 }], running: { 'deployment/api:app': ['sha256:1'] } }), checks: ['service/api/'], passedBefore: ['service/api/'],
}), { releases: [release('2'), release('1')], ...changes });
const parse = (text: string): Ledger => parseLedger(text, 'The ledger');

/** Every object of a record as a later version of the action might write it. */
const withMore = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== 'object' || value === null) return value;
  return { ...Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withMore(each)])), later: 'x' };
};

const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

describe('a ledger as text', () => {
  it('is read as it was written', () => {
    expect(parse(formatLedger(ledger()))).toEqual(ledger());
    const text = fc.string({ unit: 'grapheme' });
    const releases = fc.array(fc.record({
      reference: text, at: text, verified: fc.boolean(), contents: fc.array(fc.record({ subject: text, part: text, version: text }), { maxLength: 3 }),
    }), { maxLength: releasesKept });
    fc.assert(fc.property(releases, (some) => expect(parse(formatLedger(ledger({ releases: some })))).toEqual(ledger({ releases: some }))));
  });

  it('is read and written with what a later version has added to it', () => {
    const past = [{ id: 'a', result: 'verified', changedAt: at, endedAt: at }];
    const later = JSON.stringify(withMore(ledger({ past, run: { ...ledger().run, goesBackTo: release('1') } })));
    expect(JSON.parse(formatLedger(parse(later)))).toEqual(JSON.parse(later));
  });

  it('keeps the last twenty releases', () => {
    const many = Array.from({ length: 50 }, (_each, index) => release(String(index)));
    expect(parse(formatLedger(ledger({ releases: many }))).releases).toEqual(many.slice(0, 20));
  });

  it('never outgrows half of what a ConfigMap holds, and forgets the oldest releases first', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 20 }), (sizes) => {
      const releases = sizes.map((size, index) => release(`${index}${'ü'.repeat(size / 2)}`));
      const text = formatLedger(ledger({ releases }));
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(512 * 1024);
      const kept = parse(text).releases;
      expect(kept).toEqual(releases.slice(0, kept.length));
    }), { numRuns: 20 });
  });

  it.each<[string, RegExp]>([
    ['', /is empty/], ['no json', /is not JSON/], ['null', /must be/], ['[]', /lacks schema|must be/], ['7', /must be/], ['{}', /lacks schema/],
    ['{"schema":2,"app":"api"}', /lacks run/], ['{"schema":1,"run":null,"releases":[]}', /lacks app/],
    [JSON.stringify({ ...ledger(), releases: [null] }), /releases\[0\]/], [JSON.stringify({ ...ledger(), releases: [{ ...release('1'), contents: [{}] }] }), /lacks releases\[0\]\.contents\[0\]\.subject/],
    [JSON.stringify({ ...ledger(), releases: [release('1', { repository: 7 as never })] }), /releases\[0\]\.repository/],
    [JSON.stringify({ ...ledger(), run: { ...ledger().run, repository: {} } }), /run\.repository/], [JSON.stringify({ ...ledger(), releases: 'none' }), /a list as releases/],
    [JSON.stringify({ ...ledger(), run: { ...ledger().run, before: undefined } }), /lacks run\.before/], [JSON.stringify({ ...ledger(), run: { ...ledger().run, target: { kind: 'x' } } }), /lacks run\.target\.schema/],
    [JSON.stringify({ ...ledger(), run: { ...ledger().run, phase: 'verifying' } }), /run\.phase/],
  ])('that somebody edited is refused, with what is wrong where: %j', (text, why) => expect(() => parse(text)).toThrow(why));

  it('of any shape never breaks whoever reads it', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const found = attempt(() => parse(text));
      if (found) previousRelease(found.releases, now('1'));
    }));
  });
});

describe('releases', () => {
  it('are put in front, once each, at most twenty', () => {
    const again = withRelease(ledger({ releases: [release('2'), release('1')] }), release('1', { at: 'later' }));
    expect(again.releases.map((each) => [each.reference, each.at])).toEqual([['api:1', 'later'], ['api:2', at]]);
    let many = ledger({ releases: [] });
    for (let count = 0; count < 30; count += 1) many = withRelease(many, release(String(count)));
    expect([many.releases.length, many.releases[0]?.reference]).toEqual([20, 'api:29']);
  });
  it('are kept for each repository: one that is released often does not push out another', () => {
    let many = withRelease(ledger({ releases: [] }), release('billing', { repository: 'r/billing/api' }));
    for (let count = 0; count < 30; count += 1) many = withRelease(many, release(String(count), { repository: 'r/shop/api' }));
    const kept = parse(formatLedger(many)).releases;
    expect([kept.length, kept[0]?.reference, kept.at(-1)?.reference]).toEqual([21, 'api:29', 'api:billing']);
  });
  it('are kept twice when one between needs the older to tell what stood beside it', () => {
    const both = (a: string, b: string): Release => release(a, { contents: [...now(a), { subject: 'deployment/worker', part: 'app', version: `worker:${b}` }] });
    const again = withRelease(ledger({ releases: [release('2'), both('1', '1')] }), both('1', '1'));
    expect(again.releases).toEqual([both('1', '1'), release('2'), both('1', '1')]);
    expect(withRelease(ledger({ releases: [both('2', '2'), both('1', '1')] }), both('1', '1')).releases).toEqual([both('1', '1'), both('2', '2')]);
  });
  it('lift what was withdrawn, where they name it again', () => {
    const left = now('2').map((each) => ({ ...each, withdrawnAt: at }));
    const withdrawn = release('2', { contents: left });
    const both = release('3', { contents: [...left, { subject: 'deployment/worker', part: 'app', version: 'worker:3', withdrawnAt: at }] });
    const { releases } = withRelease(ledger({ releases: [both, withdrawn] }), release('2'));
    expect(releases.map(({ contents: images }) => images.map(({ version: image, withdrawnAt }) => [image, withdrawnAt]))).toEqual([[['api:2', undefined]], [['api:2', undefined], ['worker:3', at]]]);
  });
  it('are the same whatever the order of their images', () => {
    const images = contentsOf([target(), target('statefulset')], 'after');
    expect(sameContents(images, [...images].reverse())).toBe(true);
    expect(sameContents(images, contentsOf([target(), target('statefulset')], 'before'))).toBe(false);
    expect(sameContents(images, images.slice(1))).toBe(false);
  });
  it('hold what the workloads had before or after', () => {
    expect(contentsOf([target()], 'before')).toEqual([{ subject: 'deployment/api', part: 'app', version: oldImage }]);
    expect(contentsOf([target()], 'after')).toEqual([{ subject: 'deployment/api', part: 'app', version: newImage }]);
  });
});
