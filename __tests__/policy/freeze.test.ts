import { describe, expect, it } from '@jest/globals';
import type { Config, Period } from '../../src/config/config.js';
import { parsePeriod } from '../../src/config/values/periods.js';
import { closedAhead, closedNow } from '../../src/policy/freeze.js';
import { deploy } from '../../src/workflow/deploy.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { config } from '../workflow/runs.js';
import { first, second, TestWorld } from '../workflow/world.js';

const text = 'Fri 16:00 – Mon 08:00 UTC';
const parsed = parsePeriod(text);
const freeze: readonly Period[] = parsed.ok ? [parsed.value] : [];
const [thursday, friday] = ['2026-01-01T12:00:00Z', '2026-01-02T16:10:00Z'] as const;
const inSpite = `The run continues although it is frozen by \`${text}\`: an outage`;

describe('what is ahead', () => {
  const ahead = (now: number, given = freeze) => closedAhead(config({ freeze: given }), { ...fakePorts().clock, now: () => now });
  it('is the current freeze or the next one, if there is any', () => {
    expect(ahead(Date.parse(friday))).toEqual([`No rollout is allowed now: frozen by \`${text}\` until Monday 08:00 UTC (in 2 d 15 h).`]);
    expect(ahead(Date.parse(thursday))).toEqual([`The next time without rollouts: frozen by \`${text}\` from Friday 16:00 UTC (in 1 d 4 h) until Monday 08:00 UTC.`]);
    expect(ahead(Date.parse(friday), [])).toEqual([]);
  });
});

describe('a freeze', () => {
  const closedAt = (now: number, freezeOverride?: string) => closedNow(config({ freeze, freezeOverride }), { ...fakePorts().clock, now: () => now });
  it('is a problem while it lasts, with its end', () => {
    expect(closedAt(Date.parse(friday))).toEqual({
      warnings: [], problems: [{ cause: 'frozen', message: `No deployment is allowed now: frozen by \`${text}\` until Monday 08:00 UTC (in 2 d 15 h).`, hint: expect.stringContaining('`freeze-override`') }],
    });
    expect(closedAt(Date.parse(thursday))).toEqual({ problems: [], warnings: [] });
  });
  it('that somebody overrides is told, in the same words for as long as it lasts, and only while it lasts', () => {
    for (const later of [0, 3_600_000]) expect(closedAt(Date.parse(friday) + later, 'an outage')).toEqual({ problems: [], warnings: [inSpite] });
    expect(closedAt(Date.parse(thursday), 'an outage')).toEqual({ problems: [], warnings: [] });
  });
});

/** A minute before the freeze begins, and a test gate that lasts into it. */
async function deployInto(settings: Partial<Config>, world = new TestWorld({ at: '2026-01-02T15:59:00Z' })) {
  const { run, lines } = world.deployment(second, { freeze, gate: { commands: ['npm test'], workingDirectory: '.' }, ...settings }, {
    gate: async () => world.clock.sleep(120_000).then(() => ({})),
  });
  return { world, lines, outcome: await deploy(run) };
}

describe('a freeze that is on', () => {
  it('ends a run before anything is tested, built or changed', async () => {
    const world = new TestWorld({ at: friday });
    const { outcome } = await deployInto({}, world);
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'frozen', stage: 'preflight', message: expect.stringMatching(/^No deployment is allowed now: frozen by/) } });
    expect([world.changes, world.ledger, world.holder]).toEqual([[], undefined, undefined]);
  });
  it('is overridden with a reason, which is recorded with the run and its release, and reported once', async () => {
    const { world, outcome, lines } = await deployInto({ freezeOverride: 'an outage' }, new TestWorld({ at: friday }));
    expect([outcome.verdict, outcome.warnings]).toEqual(['deployed', [inSpite]]);
    expect([world.ledger?.run.override, world.ledger?.releases[0]?.override, world.ledger?.releases[1]?.override]).toEqual(['an outage', 'an outage', undefined]);
    expect(lines).toContain(`warning ${inSpite}`);
  });
});

describe('a freeze that has begun since the run looked at it', () => {
  it('ends it right before the change: nothing is changed or recorded, and the lock is given up', async () => {
    const { world, outcome } = await deployInto({});
    expect(outcome).toMatchObject({ verdict: 'failed', rollback: undefined, failure: { cause: 'frozen', stage: 'rollout', message: expect.stringMatching(/^No deployment is allowed now: frozen by/) } });
    expect([world.changes, world.ledger, world.holder]).toEqual([[], undefined, '']);
  });
  it.each<[string, string, readonly string[], string | undefined]>([
    ['is recorded and told', '2026-01-02T15:59:00Z', [inSpite], 'an outage'], ['that has not begun is neither', thursday, [], undefined],
  ])('and is overridden %s', async (_name, at, warnings, recorded) => {
    const { world, outcome, lines } = await deployInto({ freezeOverride: 'an outage' }, new TestWorld({ at }));
    expect([outcome.verdict, outcome.warnings]).toEqual(['deployed', warnings]);
    expect([world.ledger?.run.override, world.ledger?.releases[0]?.override]).toEqual([recorded, recorded]);
    expect(lines.includes(`info ${inSpite}`)).toBe(warnings.length > 0);
  });
  it('is told also when the change fails', async () => {
    const world = new TestWorld({ at: '2026-01-02T15:59:00Z' });
    world.behaviours.set(second, 'crash');
    const { outcome } = await deployInto({ freezeOverride: 'an outage' }, world);
    expect([outcome.verdict, outcome.warnings]).toEqual(['rolled-back', [inSpite]]);
  });
});

describe('a run that died in the middle', () => {
  const withDead = (at: string): TestWorld => {
    const world = new TestWorld({ at, before: second });
    world.behaviours.set(second, 'wrong');
    world.keepLedger(world.deadLedger());
    return world;
  };

  it('is not finished in a freeze before it is planned: that is told, and nothing is changed', async () => {
    const world = withDead(friday);
    const { outcome, lines } = await deployInto({}, world);
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'frozen' }, recovery: undefined });
    expect(lines.filter((line) => line.startsWith('warning'))).toEqual(['warning An earlier run (dead) was interrupted and is not finished. The first run outside the freeze finishes it.']);
    expect(world.server.seen.filter((each) => !each.startsWith('GET'))).toEqual([]);
  });
  it('is not finished either when the freeze has begun while the lock was waited for', async () => {
    const world = new TestWorld({ at: '2026-01-02T15:59:00Z' });
    const { run } = world.deployment(second, { freeze });
    // It is planned from a record in which nothing is open; the other run dies after the freeze has begun.
    void world.holdLock('other', 90_000, () => world.keepLedger(world.deadLedger()));
    const outcome = await deploy(run);
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'frozen', stage: 'rollout' }, recovery: undefined });
    expect([world.imageNow, world.changes, world.ledgers.length]).toEqual([world.imageOf(first), [], 1]);
  });
});
