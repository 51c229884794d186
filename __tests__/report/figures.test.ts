import { describe, expect, it } from '@jest/globals';
import type { Figures } from '../../src/outcome/figures.js';
import type { History } from '../../src/outcome/history.js';
import { chartOf, figureLines, figuresMarkdown } from '../../src/report/figures.js';
import { historyJson, historyLines } from '../../src/report/history.js';

const figures: Figures = {
  since: '2026-04-20T00:00:00.000Z', until: '2026-06-01T00:00:00.000Z', changes: 17, deployments: 15, perWeek: 2.5, leadTime: { medianMs: 11_520_000, of: 14 },
  failures: 2, failureRate: 2 / 17, restore: { medianMs: 41_400, of: 2 }, unrestored: 0,
  weeks: [1, 0, 3, 4, 2, 5].map((deployments) => ({ deployments, failures: 0 })),
};
const few: Figures = { since: '2026-06-01T00:00:00.000Z', until: '2026-06-01T00:20:00.000Z', changes: 1, deployments: 0, failures: 1, unrestored: 1, weeks: [{ deployments: 0, failures: 1 }] };

describe('the figures of an app', () => {
  it('are a folded table with a chart in the summary', () => {
    expect(figuresMarkdown({ figures, environment: 'production' })).toBe([
      '<details>', '<summary>Delivery to production, 42 days</summary>', '', '|  | figure | from |', '| --- | --- | --- |',
      '| Deployment frequency | 2.5 a week | 15 deployments in 42 days |', '| Lead time for changes | 3.2 h | median of 14 commits, until the version was verified |',
      '| Change failure rate | 12 % | 2 of 17 changes rolled back or not verified |', '| Time to restore | 41 s | median of 2 failures |', '',
      'Deployments in each week: `▂·▅▇▄█`', '', '</details>',
    ].join('\n'));
  });
  it.each<[string, Figures | undefined]>([['of few runs', { ...figures, changes: 4 }], ['that are not known', undefined]])('%s are not in the summary', (_, given) => {
    expect(figuresMarkdown({ figures: given })).toBe('');
  });
  it('say how many runs they are made from, and leave out what one run cannot say', () => {
    expect(figureLines(few)).toEqual([
      '                       figure  from',
      'Deployment frequency   –       0 deployments in 20 minutes',
      'Lead time for changes  –       no commit with a known time',
      'Change failure rate    –       1 of 1 change rolled back or not verified',
      'Time to restore        –       1 failure not restored yet',
    ]);
  });
  it('are of one minute where all is new', () => {
    expect(figureLines({ ...few, until: new Date(Date.parse(few.since) + 1000).toISOString() })[1]).toContain('0 deployments in 1 minute');
    expect(figureLines({ ...few, until: new Date(Date.parse(few.since) + 1000).toISOString() })[1]).not.toContain('minutes');
  });
  it('have a bar for each week, and none for a single one', () => {
    expect([chartOf({ weeks: [{ deployments: 3, failures: 0 }] }), chartOf({ weeks: [{ deployments: 0, failures: 1 }, { deployments: 0, failures: 0 }] })]).toEqual(['', '']);
    expect(chartOf({ weeks: [8, 1, 0, 80].map((deployments) => ({ deployments, failures: 0 })) })).toBe('▁▁·█');
  });
});

describe('the history of an app', () => {
  const history: History = {
    app: 'api', environment: 'production', namespace: 'web', figures,
    runs: [
      { id: 'r2', verdict: 'rolled-back', changedAt: '2026-05-31T10:00:00.000Z', endedAt: '2026-05-31T10:00:09.000Z', commit: 'b'.repeat(40), cause: 'crash-loop', wentBack: false },
      { id: 'r1', verdict: 'deployed', changedAt: '2026-05-30T10:00:00.000Z', endedAt: '2026-05-30T10:05:00.000Z', wentBack: true },
    ],
    releases: [{ reference: `ghcr.io/acme/api:${'a'.repeat(40)}@sha256:${'1'.repeat(64)}`, commit: 'a'.repeat(40), at: '2026-05-30T10:05:00.000Z', verified: true, withdrawn: false }],
  };

  it('is a table of runs, the figures, and the releases', () => {
    expect(historyLines(history)).toEqual([
      'api to production in namespace web', '',
      'run                   result       commit   took',
      '2026-05-31 10:00 UTC  rolled-back  bbbbbbb  9.0 s       crash-loop',
      '2026-05-30 10:05 UTC  deployed              5 min 00 s  rollback',
      '', ...figureLines(figures), '',
      'release      since                 commit',
      'api:aaaaaaa  2026-05-30 10:05 UTC  aaaaaaa  verified',
    ]);
  });
  it('says where nothing is recorded', () => {
    expect(historyLines({ app: 'api', runs: [], releases: [] })).toEqual(['Nothing is recorded of api.']);
    expect(historyLines({ ...history, runs: [], figures: undefined }).slice(0, 3)).toEqual(['api to production in namespace web', '', 'No run is recorded. Runs are recorded from this version of the action on.']);
  });
  it('lists twenty runs, and all of them as JSON', () => {
    const many: History = { ...history, runs: Array.from({ length: 30 }, () => history.runs[0]).filter((run) => run !== undefined) };
    expect(historyLines(many)).toContain('And 10 earlier runs: --json lists them.');
    expect(JSON.parse(historyJson(many))).toMatchObject({
      schema: 1, app: 'api', figures: { perWeek: 2.5, failureRate: 0.118 }, releases: [{ runUrl: null, verified: true }],
    });
    expect(JSON.parse(historyJson(many)).runs).toHaveLength(30);
    expect(JSON.parse(historyJson({ app: 'api', runs: [], releases: [] }))).toEqual({ schema: 1, app: 'api', environment: null, namespace: null, figures: null, runs: [], releases: [] });
  });
});
