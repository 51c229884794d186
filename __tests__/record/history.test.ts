import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asOf, isThere, lastGood, notAsOld, ofSubjects, previousRelease, withdraw } from '../../src/record/history.js';
import { withRelease, type Ledger, type Release, type Content } from '../../src/record/ledger.js';

/** `api=3 worker=2` */
type Images = string;
const imagesOf = (text: Images): Content[] => text.split(' ').filter(Boolean).map((each) => {
  const [name = '', version = ''] = each.split('=');
  return { subject: `deployment/${name}`, part: 'app', version: `${name}:${version}` };
});
const textOf = (images: readonly Content[]): Images => images.map(({ subject: workload, version: image }) => `${workload.slice('deployment/'.length)}=${image.split(':')[1]}`).sort().join(' ');
const timeOf = (count: number): string => new Date(Date.UTC(2026, 0, 1) + count * 60_000).toISOString();
/** Releases from their images, newest first. */
const history = (...all: readonly Images[]): Release[] =>
  all.map((text, index) => ({ reference: text, at: timeOf(all.length - index), verified: true, contents: imagesOf(text) }));
const ledgerOf = (releases: readonly Release[]): Ledger => ({ releases }) as Ledger;

/** An app that is deployed and taken back, as the actions do it. */
class App {
  count = 100;
  ledger: Ledger;
  now: Map<string, string>;
  constructor(releases: readonly Release[], now: Images) {
    this.ledger = ledgerOf(releases);
    this.now = new Map(imagesOf(now).map(({ subject: workload, version: image }) => [workload, image]));
  }
  images(): Content[] {
    return [...this.now].map(([workload, image]) => ({ subject: workload, part: 'app', version: image }));
  }
  text(): Images {
    return textOf(this.images());
  }
  deploy(text: Images): void {
    const named = new Set(this.ledger.releases.flatMap(({ contents }) => contents.map(({ subject }) => subject)));
    const found = this.images().filter(({ subject }) => !named.has(subject) && imagesOf(text).some((each) => each.subject === subject));
    const at = timeOf(this.count += 1);
    const release = { reference: textOf(found), at, verified: true, contents: found };
    if (found.length > 0) this.ledger = { ...this.ledger, releases: [release, ...this.ledger.releases] };
    this.record({ reference: text, at: timeOf(this.count += 1), verified: true, contents: imagesOf(text) });
  }
  /** What it went to. */
  back(options: { readonly only?: readonly string[]; readonly to?: Release } = {}): Images | undefined {
    const scope = new Set(options.only?.map((name) => `deployment/${name}`) ?? this.now.keys());
    const releases = ofSubjects(this.ledger.releases, scope);
    const named = releases.find(({ at, reference }) => at === options.to?.at && reference === options.to.reference);
    const chosen = options.to ? named && asOf(releases, named) : previousRelease(releases, this.images().filter(({ subject }) => scope.has(subject)));
    if (!chosen) return undefined;
    const at = timeOf(this.count += 1);
    const before = this.images().filter(({ subject: workload }) => chosen.contents.some((each) => each.subject === workload));
    this.ledger = { ...this.ledger, releases: withdraw(this.ledger.releases, chosen, before, at) };
    this.record({ ...chosen, at, contents: chosen.contents.map((each) => ({ ...each, withdrawnAt: undefined })) });
    return textOf(chosen.contents);
  }
  private record(release: Release): void {
    this.ledger = withRelease(this.ledger, release);
    for (const { subject: workload, version: image } of release.contents) this.now.set(workload, image);
  }
  allTheWay(only?: readonly string[]): (Images | undefined)[] {
    const path: (Images | undefined)[] = [];
    while (path.length < 30) {
      path.push(this.back({ only }));
      if (path.at(-1) === undefined) break;
    }
    return path;
  }
}

describe('the release to go back to', () => {
  const previous = (releases: readonly Release[], now: Images): string | undefined => previousRelease(releases, imagesOf(now))?.reference;
  const three = history('api=3', 'api=2', 'api=1');

  it('is the one before what is there', () => {
    expect([previous(three, 'api=3'), previous(three, 'api=2'), previous(three, 'api=1')]).toEqual(['api=2', 'api=1', undefined]);
  });
  it('is the newest when what is there is none of them', () => {
    expect([previous(three, 'api=broken'), previous([], 'api=x')]).toEqual(['api=3', undefined]);
  });
  it('was proven, and not withdrawn', () => {
    const [four, third, two, one] = history('api=4', 'api=3', 'api=2', 'api=1') as [Release, Release, Release, Release];
    const withdrawn = two.contents.map((each) => ({ ...each, withdrawnAt: two.at }));
    expect(previous([four, { ...third, verified: false }, { ...two, contents: withdrawn }, one], 'api=4')).toBe('api=1');
  });
  it('is one in which every workload is as it was', () => {
    const both = history('api=2 worker=2', 'api=1 worker=1');
    expect([previous(both, 'api=2 worker=2'), previous(both, 'api=2 worker=1')]).toEqual(['api=1 worker=1', 'api=2 worker=2']);
  });
  it('is an older one than what is there, also when one of its workloads was deleted since', () => {
    expect(previous(history('api=3 worker=3', 'api=2 worker=2'), 'api=3')).toBe('api=2 worker=2');
    expect(isThere(imagesOf('worker=3'), imagesOf('api=3'))).toBe(false);
  });
});

describe('the app as it was', () => {
  const at = (releases: readonly Release[], index: number): Images => textOf(asOf(releases, releases[index] as Release).contents);
  it('is put together from the releases of its parts', () => {
    const parts = history('api=4 worker=4', 'worker=3', 'api=2', 'api=1 worker=1');
    expect([0, 1, 2, 3].map((index) => at(parts, index))).toEqual(['api=4 worker=4', 'api=2 worker=3', 'api=2 worker=1', 'api=1 worker=1']);
  });
  it('leaves alone what nobody has released since', () => {
    expect(at(history('api=3', 'api=2', 'api=1 cron=1'), 1)).toBe('api=2');
  });
  it('does not know what was never recorded, and says so', () => {
    const releases = history('api=3 worker=3', 'api=2') as [Release, Release];
    expect(at(releases, 1)).toBe('api=2');
    expect(notAsOld(releases, releases[1])).toEqual(['deployment/worker']);
    expect(notAsOld(releases, releases[0])).toEqual([]);
  });
  it('is proven when every part is', () => {
    const [newest, part, rest] = history('api=3 worker=3', 'api=2', 'api=1 worker=1') as [Release, Release, Release];
    expect(asOf([newest, part, { ...rest, verified: false }], part).verified).toBe(false);
    expect(asOf([newest, part, rest], part).verified).toBe(true);
  });
});

describe('going back, again and again', () => {
  it('goes further back, and not to and fro', () => {
    expect(new App(history('api=3', 'api=2', 'api=1'), 'api=3').allTheWay()).toEqual(['api=2', 'api=1', undefined]);
  });
  it('does so when a workload has come in between', () => {
    expect(new App(history('api=3 worker=3', 'api=2', 'api=1'), 'api=3 worker=3').allTheWay()).toEqual(['api=2', 'api=1', undefined]);
    // The first release of a worker records what was found on it.
    const app = new App(history('api=2', 'api=1'), 'api=2 worker=0');
    app.deploy('api=3 worker=3');
    expect(app.allTheWay()).toEqual(['api=2 worker=0', 'api=1', undefined]);
    expect(app.text()).toBe('api=1 worker=0');
  });
  it('does so for a part, and then for the rest', () => {
    const app = new App(history('api=3 worker=3', 'api=2 worker=2', 'api=1 worker=1'), 'api=3 worker=3');
    expect([app.back({ only: ['api'] }), app.back({ only: ['api'] }), app.back({ only: ['api'] })]).toEqual(['api=2', 'api=1', undefined]);
    expect([app.back(), app.back()]).toEqual(['api=1 worker=1', undefined]);
  });
  it('leaves nothing of a bad release behind that follows a part', () => {
    const app = new App(history('api=2 worker=2', 'api=1 worker=1'), 'api=2 worker=2');
    app.deploy('api=3');
    app.deploy('api=4 worker=4');
    expect(app.allTheWay()).toEqual(['api=3 worker=2', 'api=2 worker=2', 'api=1 worker=1', undefined]);
  });
  it('never goes forward to what was passed over by name', () => {
    const releases = history('api=3', 'api=2', 'api=1');
    const app = new App(releases, 'api=3');
    expect([app.back({ to: releases[2] }), app.back()]).toEqual(['api=1', undefined]);
    app.deploy('api=4');
    expect([app.back(), app.back()]).toEqual(['api=1', undefined]);
  });
  it('passes over what was released after a revision that is not recorded', () => {
    const releases = history('api=3', 'api=2', 'api=1');
    const revision = { reference: 'api=x', at: '2026-01-01T00:01:30Z', verified: false, contents: imagesOf('api=x') };
    const left = withdraw(releases, revision, imagesOf('api=3'), timeOf(9));
    expect(left.map(({ contents: images }) => images[0]?.withdrawnAt)).toEqual([timeOf(9), timeOf(9), undefined]);
    expect(withdraw(releases, { ...revision, at: '2025-01-01T00:00:00Z' }, [], timeOf(9)).every(({ contents: images }) => images[0]?.withdrawnAt)).toBe(true);
  });
  it('counts a release again that is deployed anew after it was withdrawn', () => {
    const app = new App(history('api=3', 'api=2', 'api=1'), 'api=3');
    expect(app.back()).toBe('api=2');
    app.deploy('api=3');
    app.deploy('api=4');
    expect(app.allTheWay()).toEqual(['api=3', 'api=2', 'api=1', undefined]);
  });
});

describe('going back, whatever happened before', () => {
  const names = ['api', 'worker', 'cron'];
  const some = fc.subarray(names, { minLength: 1 });

  it('is the way that the app came, when each release was new', () => {
    fc.assert(fc.property(fc.array(some, { minLength: 1, maxLength: 7 }), (deploys) => {
      const app = new App([], 'api=0 worker=0 cron=0');
      const came = [app.text()];
      deploys.forEach((parts, index) => {
        app.deploy(parts.map((name) => `${name}=${index + 1}`).join(' '));
        came.push(app.text());
      });
      const went = deploys.map(() => {
        app.back();
        return app.text();
      });
      expect(went).toEqual(came.reverse().slice(1));
      expect(app.back()).toBeUndefined();
    }));
  });

  const version = fc.integer({ min: 1, max: 4 });
  const step = fc.oneof(
    fc.record({ type: fc.constant('deploy' as const), parts: some, version }), fc.record({ type: fc.constant('back' as const), parts: some }),
    fc.record({ type: fc.constant('to' as const), parts: some, index: fc.nat(9) }), fc.record({ type: fc.constant('hand' as const), name: fc.constantFrom(...names), version }),
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const live = (steps: readonly Step[]): App => {
    const app = new App([], 'api=0 worker=0 cron=0');
    for (const each of steps) {
      if (each.type === 'deploy') app.deploy(each.parts.map((name) => `${name}=${each.version}`).join(' '));
      else if (each.type === 'hand') app.now.set(`deployment/${each.name}`, `${each.name}:${each.version}`);
      else if (each.type === 'back') app.back({ only: each.parts });
      else app.back({ only: each.parts, to: app.ledger.releases[each.index] });
    }
    return app;
  };

  it('comes to an end, and never puts back what was withdrawn or left', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 14 }), some, (steps, only) => {
      const app = live(steps);
      const left = new Set<string>();
      const places = app.ledger.releases.map(({ at, reference }) => `${reference} ${at}`);
      const visited: number[] = [];
      for (let count = 0; ; count += 1) {
        const known = app.ledger.releases;
        const before = new Map(app.now);
        const releases = ofSubjects(known, new Set(only.map((name) => `deployment/${name}`)));
        const next = previousRelease(releases, app.images());
        if (!next) break;
        expect(count).toBeLessThan(places.length);
        const withdrawn = new Set(known.flatMap(({ contents: images }) => images.filter(({ withdrawnAt }) => withdrawnAt).map(({ version: image }) => image)));
        expect(next.contents.filter(({ version: image }) => left.has(image) || withdrawn.has(image))).toEqual([]);
        visited.push(places.indexOf(`${next.reference} ${next.at}`));
        app.back({ only });
        for (const [workload, image] of before) if (app.now.get(workload) !== image) left.add(image);
      }
      // Each once, none that was made on the way, and in their order, unless somebody has set one by hand.
      expect(visited).toEqual([...new Set(visited)]);
      expect(visited).not.toContain(-1);
      if (!steps.some(({ type }) => type === 'hand')) expect(visited).toEqual([...visited].sort((a, b) => a - b));
    }), { numRuns: 1000 });
  });
});

describe('what goes back instead of what is broken', () => {
  const good = (releases: readonly Release[], now: Images, broken: readonly string[]): Images | undefined => {
    const found = lastGood(releases, imagesOf(now), new Set(broken.map((name) => `deployment/${name}`)));
    return found && textOf(found.contents);
  };
  const three = history('api=3', 'api=2', 'api=1');

  it('is the newest release that is good', () => {
    expect(good(three, 'api=broken', ['api'])).toBe('api=3');
    expect(good(withdraw(three, three[1] as Release, imagesOf('api=3'), timeOf(9)), 'api=3', ['api'])).toBe('api=2');
    expect(good([], 'api=x', ['api'])).toBeUndefined();
  });
  it('is nothing when what is broken is proven: its images are not why', () => {
    expect(good(three, 'api=3', ['api'])).toBeUndefined();
    expect(good(three, 'api=3 worker=new', ['api'])).toBeUndefined();
    expect(good(three, 'api=2', ['api'])).toBeUndefined();
  });
  it('is nothing when nothing is recorded of what is broken', () => {
    expect(good(three, 'api=3 worker=new', ['worker'])).toBeUndefined();
  });
  it('takes no healthy workload further back than the newest release of it', () => {
    expect(good(history('worker=3', 'api=2', 'api=1 worker=1'), 'api=broken worker=3', ['api'])).toBe('api=2 worker=3');
  });
  it('concerns only the workloads that are going to be changed', () => {
    expect(good(history('api=2 cron=2'), 'api=broken', ['api'])).toBe('api=2');
  });
});

describe('a release that nothing ran with', () => {
  const [newest, idle, oldest] = history('api=3', 'api=2', 'api=1');
  const releases = [newest, { ...idle, verified: false, unverified: ['deployment/api'] }, oldest].filter((each) => each !== undefined) as Release[];
  it('is what somebody goes back to, and is not called proven', () => {
    const back = previousRelease(releases, imagesOf('api=3'));
    expect([textOf(back?.contents ?? []), back?.unverified]).toEqual(['api=2', ['deployment/api']]);
  });
  it('is not what goes back instead of a broken version: one that was verified is', () => {
    expect(textOf(lastGood(releases, imagesOf('api=9'), new Set(['deployment/api']))?.contents ?? [])).toBe('api=3');
    expect(textOf(lastGood(releases.slice(1), imagesOf('api=9'), new Set(['deployment/api']))?.contents ?? [])).toBe('api=1');
  });
  it('does not make its image a proven one', () => {
    expect(lastGood(releases.slice(1), imagesOf('api=2'), new Set(['deployment/api']))).toBeDefined();
    expect(lastGood(releases, imagesOf('api=3'), new Set(['deployment/api']))).toBeUndefined();
  });
});
