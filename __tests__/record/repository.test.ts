import { describe, expect, it } from '@jest/globals';
import type { Ledger, Release } from '../../src/record/ledger.js';
import { isRunOf, ofRepository, othersUnderName, repositoriesIn, runsRepository } from '../../src/record/repository.js';
import { target } from '../kubernetes/judge/build.js';
import { runRecord } from './build.js';

const [shop, billing] = ['registry.example/shop/api', 'registry.example/billing/api'];
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const release = (subject: string, image: string, repository?: string): Release => ({
  reference: image, at: '2026-01-01T00:00:00.000Z', verified: true, repository, contents: [{ subject: `deployment/${subject}`, part: 'app', version: image }],
});
const ledgerOf = (releases: readonly Release[], after = `${shop}:2`, repository?: string): Ledger => ({
  schema: 2, app: 'api', releases,
  run: runRecord([target('deployment', { containers: [{ name: 'app', before: 'x', after }] })], { phase: 'verified', repository }),
});
const references = (releases: readonly Release[]): string[] => releases.map(({ reference }) => reference);

describe('releases of two repositories in one record', () => {
  it.each([['noted', shop, billing], ['from before it was noted', undefined, undefined]])('are told apart by the repository, %s', (_how, ofShop, ofBilling) => {
    const both = [release('shop', `${shop}:2`, ofShop), release('billing', `${billing}:2`, ofBilling), release('shop', `${shop}:1`, ofShop), release('billing', `${billing}:1`, ofBilling)];
    expect(references(ofRepository(both, billing))).toEqual([`${billing}:2`, `${billing}:1`]);
    expect(references(ofRepository(both, shop))).toEqual([`${shop}:2`, `${shop}:1`]);
    expect(ofRepository(both, 'registry.example/other/api')).toEqual([]);
    expect(repositoriesIn(both)).toEqual([billing, shop]);
  });
  it('are told apart container by container, where one release had both', () => {
    const mixed: Release = { ...release('shop', `${shop}:1`), contents: [...release('shop', `${shop}:1`).contents, ...release('billing', `${billing}:1`).contents] };
    expect(ofRepository([mixed], billing).map(({ contents: images }) => images)).toEqual([release('billing', `${billing}:1`).contents]);
  });
  it('are one, when the cluster pulls the images under another name', () => {
    const known = [release('shop', `cache.example/shop/api@${digest('2')}`, shop), release('shop', `${shop}:1`, shop)];
    expect([references(ofRepository(known, shop)).length, repositoriesIn(known)]).toEqual([2, [shop]]);
  });
  it('count the same registry however it is written', () => {
    expect(ofRepository([release('web', 'nginx:1', 'docker.io/library/nginx')], 'nginx')).toHaveLength(1);
  });
  it('leave a workload alone that was given to another repository since', () => {
    expect(ofRepository([release('api', `${shop}:1`, shop), release('api', `${billing}:1`, billing)], billing)).toEqual([]);
  });
});

describe('a container', () => {
  const now = (image: string) => ({ subject: 'deployment/shop', part: 'app', version: image });
  const own = [release('shop', `${shop}@${digest('1')}`, shop)];
  it.each([
    [`${shop}:by-hand`, true], [`${billing}@${digest('2')}`, false], [`cache.example/shop/api@${digest('1')}`, true], [`cache.example/shop/api@${digest('2')}`, false],
    ['not a reference', false],
  ])('with the image %s: of the repository %s', (image, isOwn) => {
    expect(runsRepository(now(image), shop, own)).toBe(isOwn);
    expect(runsRepository({ ...now(image), subject: 'deployment/other' }, shop, own)).toBe(isOwn && !image.startsWith('cache'));
  });
});

describe('a record under the name of an app', () => {
  it('is of others, when neither a release nor the last run is of the repository', () => {
    expect(othersUnderName(ledgerOf([release('shop', `${shop}:1`)]), billing)).toEqual([shop]);
    expect(othersUnderName(ledgerOf([]), billing)).toEqual([shop]);
    expect(othersUnderName(ledgerOf([release('billing', `${billing}:1`)]), billing)).toEqual([]);
    expect(othersUnderName(ledgerOf([], 'cache.example/billing/api:2', billing), billing)).toEqual([]);
    expect(othersUnderName(undefined, billing)).toEqual([]);
  });
  it('has a last run of one repository', () => {
    expect([isRunOf(ledgerOf([]), shop), isRunOf(ledgerOf([]), billing), isRunOf(ledgerOf([], `${shop}:2`, billing), billing)]).toEqual([true, false, true]);
  });
});
