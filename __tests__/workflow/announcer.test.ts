import { describe, expect, it } from '@jest/globals';
import type { Listener, RunEvent } from '../../src/outcome/events.js';
import { createAnnouncer } from '../../src/workflow/announcer.js';
import { deploy } from '../../src/workflow/deploy.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { idleClock } from '../ports/idle-clock.js';
import { second, TestWorld } from './world.js';

const event = (label: string): RunEvent => ({ kind: 'stage-started', stage: 'test', label, atMs: 0 });
const labelOf = (heard: RunEvent): string => ('label' in heard ? heard.label : heard.kind);

/** A run with listeners, and what its log says. */
function announced(listeners: readonly Listener[], cancelled = new AbortController().signal) {
  const ports = fakePorts({ clock: idleClock(), cancelled });
  return { ...createAnnouncer(ports, listeners), clock: ports.clock, lines: ports.lines };
}

describe('an announcer', () => {
  it('hands each event at once to a listener that answers at once', () => {
    const heard: string[] = [];
    const { announce } = announced([{ name: 'A', hear: (each) => void heard.push(labelOf(each)) }]);
    announce(event('one'));
    announce(event('two'));
    expect(heard).toEqual(['one', 'two']);
  });
  it('hands a slow listener one event after the other, holds up nobody for it, and waits for it at the end', async () => {
    const heard: string[] = [];
    const { announce, close, clock } = announced([
      { name: 'slow', hear: async (each) => { heard.push(`${labelOf(each)} comes`); await clock.sleep(500); heard.push(`${labelOf(each)} done`); } },
      { name: 'fast', hear: (each) => void heard.push(`${labelOf(each)} fast`) },
    ]);
    announce(event('one'));
    announce(event('two'));
    expect(heard).toEqual(['one comes', 'one fast', 'two fast']);
    await close();
    expect(heard.slice(3)).toEqual(['one done', 'two comes', 'two done']);
  });
  it.each<[string, Listener['hear']]>([
    ['throws', () => { throw new Error('no such channel'); }],
    ['rejects', () => Promise.reject(new Error('no such channel'))],
  ])('warns once of a listener that %s, and hands it the next event all the same', async (_, hear) => {
    const heard: string[] = [];
    const { announce, close, lines } = announced([{ name: 'The chat', hear: (each, signal) => { heard.push(labelOf(each)); return hear(each, signal); } }]);
    announce(event('one'));
    announce(event('two'));
    await close();
    expect([heard, lines]).toEqual([['one', 'two'], ['warning The chat failed: no such channel. The run is not affected.']]);
  });
  it('loads a follower at its first event, once, and hands it the events since it follows', async () => {
    const heard: string[] = [];
    let loaded = 0;
    const { announce, follow, close } = announced([]);
    announce(event('before'));
    follow([{ name: 'The chat', load: async () => { loaded += 1; return { name: 'The chat', hear: (each) => void heard.push(labelOf(each)) }; } }]);
    expect(loaded).toBe(0);
    announce(event('one'));
    announce(event('two'));
    await close();
    expect([loaded, heard]).toEqual([1, ['one', 'two']]);
  });
  it('warns once of a follower that cannot be loaded', async () => {
    const { announce, follow, close, lines } = announced([]);
    follow([{ name: 'The chat', load: () => Promise.reject(new Error('no such file')) }]);
    announce(event('one'));
    announce(event('two'));
    await close();
    expect(lines).toEqual(['warning The chat failed: no such file. The run is not affected.']);
  });
  it('ends a listener that takes longer than 10 s for an event, and goes on with the next', async () => {
    const heard: string[] = [];
    const { announce, lines, clock } = announced([{
      name: 'The chat',
      hear: (each, signal) => {
        heard.push(labelOf(each));
        return labelOf(each) === 'one' ? clock.sleep(3_600_000, signal) : undefined;
      },
    }]);
    announce(event('one'));
    announce(event('two'));
    await clock.sleep(10_500);
    expect([heard, lines]).toEqual([['one', 'two'], ['warning The chat failed: it took more than 10 s. The run is not affected.']]);
  });
  it.each<[string, boolean, number]>([['10 s', false, 10_000], ['1 s when the run was cancelled', true, 1000]])('waits at most %s for listeners that do not come to an end', async (_, isCancelled, ms) => {
    const never = new Promise<never>(() => undefined);
    const heard: string[] = [];
    const { announce, close, lines, clock } = announced([{ name: 'The chat', hear: (each) => { heard.push(labelOf(each)); return never; } }], isCancelled ? AbortSignal.abort() : undefined);
    const start = clock.monotonic();
    ['one', 'two', 'three'].forEach((label) => announce(event(label)));
    await clock.sleep(2000);
    const from = clock.monotonic();
    await close();
    expect(clock.monotonic() - from).toBeLessThanOrEqual(ms);
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(2000);
    expect([heard.includes('three'), lines.length]).toEqual([false, 1]);
  });
});

describe('a run', () => {
  const kinds = (events: readonly RunEvent[]) => events.map((each) => (each.kind === 'stage-started' || each.kind === 'undo-started' ? `${each.kind} ${each.stage}` : each.kind === 'stage-ended' ? `${each.kind} ${each.span.stage} ${each.span.result}` : each.kind));

  it('announces its plan and its stages', async () => {
    const { run, events } = new TestWorld().deployment(second);
    await deploy(run);
    expect(kinds(events)).toEqual([
      'stage-started preflight', 'stage-ended preflight ok', 'planned', 'stage-started rollout', 'stage-ended rollout ok', 'stage-started smoke', 'stage-ended smoke ok',
    ]);
  });
  it('announces that it waits for another run, and when it no longer does', async () => {
    const world = new TestWorld();
    const { run, events } = world.deployment(second);
    const holding = world.holdLock('other', 30_000);
    expect((await deploy(run)).verdict).toBe('deployed');
    await holding;
    expect(kinds(events).slice(2, 7)).toEqual(['planned', 'stage-started rollout', 'lock-awaited', 'lock-acquired', 'stage-ended rollout ok']);
  });
  it('announces that it is undone, before it is', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash');
    const { run, events } = world.deployment(second);
    const outcome = await deploy(run);
    expect(outcome.verdict).toBe('rolled-back');
    const last = events.at(-1);
    expect(last).toMatchObject({ kind: 'undo-started', stage: outcome.failure?.stage, cause: 'crash-loop' });
    // The line of the log that says why is known only after it.
    expect(outcome.failure?.message).toContain(last?.kind === 'undo-started' ? last.message : 'undone');
  });
  it('announces in a dry run what it would do, and no stage but the preflight', async () => {
    const { run, events } = new TestWorld().deployment(second, { dryRun: true });
    const { plan } = await deploy(run);
    expect([kinds(events), events.at(-1)]).toEqual([['stage-started preflight', 'stage-ended preflight ok', 'planned'], expect.objectContaining({ kind: 'planned', plan })]);
  });
  it('announces no plan when the preflight finds a problem', async () => {
    const { run, events } = new TestWorld().deployment(second, { workloads: [{ kind: 'deployment', name: 'no-such' }] });
    await deploy(run);
    expect(kinds(events)).toEqual(['stage-started preflight', 'stage-ended preflight failed']);
  });
  it('comes to the same end with listeners that fail or hang', async () => {
    const world = new TestWorld();
    const { run, lines } = world.deployment(second);
    const { announce, close } = createAnnouncer(run.ports, [
      { name: 'A', hear: () => { throw new Error('boom'); } }, { name: 'B', hear: () => new Promise(() => undefined) },
    ]);
    const outcome = await deploy({ ...run, announce });
    await close();
    expect([outcome.verdict, outcome.warnings]).toEqual(['deployed', []]);
    expect(lines.filter((line) => line.startsWith('warning'))).toEqual([expect.stringContaining('A failed: boom.'), expect.stringContaining('B failed: ')]);
  });
});
