import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { formatLedger, parseLedger } from '../../src/record/schema.js';
import { isUnfinished } from '../../src/record/ledger.js';
import { recordedImages } from '../../src/target/set-image/recorded.js';

/* Ledgers as earlier versions of the action wrote them on a cluster. They are read for as long as v1 lives. */

const folder = join(import.meta.dirname, 'schema-1');
const fixtures = readdirSync(folder).sort();
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const phases: Readonly<Record<string, string>> = {
  changing: 'in-progress', stopped: 'interrupted', restoring: 'restoring', proven: 'verified', restored: 'restored', left: 'unverified',
};

interface OldRelease {
  readonly reference: string;
  readonly proven: boolean;
  readonly images: readonly { readonly workload: string; readonly container: string; readonly image: string }[];
}

describe('a ledger of schema 1', () => {
  it('is here in every phase that there was', () => {
    expect(new Set(fixtures.map((name) => name.split('-')[0]))).toEqual(new Set(Object.keys(phases)));
  });

  it.each(fixtures)('%s is read as what it means today', (name) => {
    const old = JSON.parse(read(name));
    const ledger = parseLedger(read(name), 'The ledger');
    const { id, startedAt, rollback } = old.run;
    expect(ledger).toMatchObject({ schema: 2, app: old.app, run: { id, startedAt, phase: phases[old.run.phase], rollback, marks: [] } });
    expect(isUnfinished(ledger)).toBe(['changing', 'stopped', 'restoring'].includes(old.run.phase));
    expect(recordedImages(ledger.run.target)).toEqual({ workloads: old.run.targets, paused: old.run.held, running: old.run.before.running });
    expect(ledger.run.checks).toEqual(old.run.smoke.map(({ text }: { text: string }) => text));
    expect(ledger.run.passedBefore).toEqual(old.run.before.held);
    const releases = old.releases as OldRelease[];
    expect(ledger.releases.map(({ reference, verified }) => [reference, verified])).toEqual(releases.map(({ reference, proven }) => [reference, proven]));
    expect(ledger.releases.flatMap(({ contents }) => contents.map(({ subject, part, version }) => [subject, part, version])))
      .toEqual(releases.flatMap(({ images }) => images.map(({ workload, container, image }) => [workload, container, image])));
    expect(ledger.run.goesBackTo?.reference).toBe(old.run.goesBackTo?.reference);
  });

  it.each(fixtures)('%s stays the same once it is written in the schema of today', (name) => {
    const ledger = parseLedger(read(name), 'The ledger');
    expect(parseLedger(formatLedger(ledger), 'The ledger')).toEqual(JSON.parse(JSON.stringify(ledger)));
  });

  it('knows what a mutating webhook made of an image', () => {
    const old = JSON.parse(read('changing-1.json'));
    old.run.targets[0].containers[0].becomes = 'cache.example/app@sha256:1';
    expect(parseLedger(JSON.stringify(old), 'The ledger').run.after[0]?.version).toBe('cache.example/app@sha256:1');
  });

  it.each<[string, (old: { run: Record<string, unknown>; releases: unknown }) => void]>([
    ['a run that sets a Job', ({ run }) => { run['targets'] = [{ ref: 'job/a', kind: 'job', name: 'a', uid: 'u', containers: [] }]; }],
    ['a release of a Job', (old) => { old.releases = [{ reference: 'a', at: 'b', proven: true, images: [{ workload: 'job/a', container: 'a', image: 'b' }] }]; }],
    ['a phase of a later version', ({ run }) => { run['phase'] = 'verifying'; }],
    ['held workloads that are none', ({ run }) => { run['held'] = ['deployment/api']; }],
  ])('with %s is refused', (_what, change) => {
    const old = JSON.parse(read('changing-1.json'));
    change(old);
    expect(() => parseLedger(JSON.stringify(old), 'The ledger')).toThrow(/^The ledger must have .* as /);
  });
});
