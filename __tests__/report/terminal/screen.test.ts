import { describe, expect, it } from '@jest/globals';
import type { RunEvent } from '../../../src/outcome/events.js';
import type { StageName } from '../../../src/outcome/verdict.js';
import { createPaint } from '../../../src/report/terminal/paint.js';
import { createScreen, type Look, type RunScreen } from '../../../src/report/terminal/screen.js';
import { deployed } from '../outcomes.js';

const plain = createPaint(false);

interface Shown {
  readonly screen: RunScreen;
  readonly rows: () => string;
  readonly problems: () => string;
  at(ms: number): void;
}

function show(look: Partial<Look> = {}): Shown {
  let [rows, problems, now] = ['', '', 0];
  const sink = { rows: (text: string) => { rows += text; }, problems: (text: string) => { problems += text; }, elapsedMs: () => now };
  const screen = createScreen(sink, { rows: plain, problems: plain, verbose: false, ...look });
  return { screen, rows: () => rows, problems: () => problems, at: (ms) => { now = ms; } };
}

const started = (stage: StageName, label: string = stage): RunEvent => ({ kind: 'stage-started', stage, label, atMs: 0 });
const ended = (stage: StageName, ms: number, result: 'ok' | 'failed' = 'ok', label: string = stage): RunEvent =>
  ({ kind: 'stage-ended', span: { stage, label, startMs: 0, endMs: ms, result } });

describe('a run without a terminal', () => {
  it('is rows with the time, the stage, and each step forward once', () => {
    const { screen, rows, at } = show();
    screen.hear(started('rollout'));
    at(600);
    screen.command([`kubectl set image deployment/api app=ghcr.io/acme/api:${'5e94acd'.padEnd(40, '0')}@sha256:${'a'.repeat(64)}`]);
    at(1200);
    screen.progress('rollout', 'deployment/api', '0/3 ready · api-1 pulls its image');
    screen.progress('rollout', 'deployment/api', '0/3 ready · api-1 starts');
    at(2500);
    screen.progress('rollout', 'deployment/api', '1/3 ready · api-2 pulls its image');
    screen.progress('rollout', 'deployment/api', '1/3 ready · api-2 crashed once');
    at(12_345);
    screen.hear(ended('rollout', 12_345));
    expect(rows()).toBe([
      '   0.6 s    rollout    $ kubectl set image deployment/api app=api:5e94acd@aaaaaaa',
      '   1.2 s    rollout    deployment/api  0/3 ready · api-1 pulls its image',
      '   2.5 s    rollout    deployment/api  1/3 ready · api-2 pulls its image',
      '   2.5 s    rollout    deployment/api  1/3 ready · api-2 crashed once',
      '  12.3 s  ✓ rollout    12.3 s', '',
    ].join('\n'));
  });

  it('has no row for what is said after its end', () => {
    const { screen, rows } = show();
    screen.hear(started('rollout'));
    screen.hear({ kind: 'ended', outcome: deployed });
    screen.note(['Notified: Slack']);
    expect(rows()).toBe('  Notified: Slack\n');
  });

  it('folds the output of tests and builds', () => {
    const { screen, rows } = show();
    screen.hear(started('test', 'test gate'));
    screen.open('test');
    screen.command(['npm test']);
    screen.output(['ok 1 - adds', 'ok 2 - subtracts']);
    screen.close();
    screen.hear(ended('test', 2600, 'ok', 'test gate'));
    expect(rows()).toBe('   0.0 s    test       $ npm test\n   0.0 s  ✓ test       2.6 s\n');
  });

  it('shows all of it, and every name in full, when that is asked for', () => {
    const { screen, rows } = show({ verbose: true });
    const reference = `ghcr.io/acme/api@sha256:${'a'.repeat(64)}`;
    screen.hear(started('build', 'build and push'));
    screen.open('build');
    screen.output(['#1 load']);
    screen.note([reference]);
    expect(rows().split('\n').map((row) => row.slice(23))).toEqual(['build', '#1 load', reference, '']);
  });

  it('keeps what went wrong apart from it', () => {
    const { screen, rows, problems } = show();
    screen.problem('error', ['no such key', 'line two'], { file: 'deploy.yml', line: 3, column: 5 });
    screen.problem('warning', ['careful'], {});
    expect([rows(), problems()]).toEqual(['', 'error: deploy.yml:3:5: no such key\n  line two\nwarning: careful\n']);
  });

  it('says that a stage failed, and that what it did is undone', () => {
    const { screen, rows, at } = show();
    screen.hear(started('rollout'));
    at(4000);
    screen.hear(ended('rollout', 4000, 'failed'));
    screen.hear({ kind: 'undo-started', stage: 'rollout', cause: 'crash-loop', message: 'it crashed', atMs: 4000 });
    expect(rows()).toBe('   4.0 s  ✗ rollout    4.0 s\n   4.0 s  ↩ rollback   crash-loop: collecting evidence, then restoring the previous version\n');
  });
});

describe('a run on a terminal', () => {
  const terminal = { columns: () => 60 };
  /** What is on the window in the end: cursor movements are followed. */
  const windowOf = (text: string): readonly string[] => {
    const lines: string[] = [];
    for (const part of text.replaceAll('\u001b', '<ESC>').split(/(\r<ESC>\[\d+A<ESC>\[J)/)) {
      const up = /^\r<ESC>\[(\d+)A/.exec(part)?.[1];
      if (up !== undefined) lines.splice(-Number(up));
      else lines.push(...part.split('\n').slice(0, -1));
    }
    return lines;
  };

  it('draws what is being waited for in place, and keeps the last state of each when it is over', () => {
    const { screen, rows, at } = show({ terminal });
    screen.hear(started('rollout'));
    screen.progress('rollout', 'deployment/api', '0/3 ready');
    at(1500);
    screen.progress('rollout', 'deployment/worker', '0/1 ready · worker-1 pulls an image with a very long name');
    expect(windowOf(rows())).toEqual([
      expect.stringMatching(/^ {3}1\.5 s {2}\S rollout {4}deployment\/api {2}0\/3 ready$/), '                       deployment/worker  0/1 ready · work…',
    ]);
    screen.progress('rollout', 'deployment/api', '3/3 ready');
    screen.progress('rollout', 'deployment/worker', '1/1 ready');
    screen.hear(ended('rollout', 1500));
    expect(windowOf(rows())).toEqual(['   1.5 s  ✓ rollout    1.5 s', '                       deployment/api  3/3 ready', '                       deployment/worker  1/1 ready']);
  });

  it('shows the last line of a test while it runs', () => {
    const { screen, rows, at } = show({ terminal });
    screen.hear(started('test', 'test gate'));
    at(200);
    screen.output(['ok 1', '']);
    screen.output(['ok 2']);
    screen.tick();
    expect(windowOf(rows())).toEqual([expect.stringMatching(/^ {3}0\.2 s {2}\S test {7}ok 2$/)]);
    screen.hear(ended('test', 200));
    expect(windowOf(rows())).toEqual(['   0.2 s  ✓ test       200 ms']);
  });

  it('draws at most once a frame, however much a test prints', () => {
    const { screen, rows, at } = show({ terminal });
    screen.hear(started('test', 'test gate'));
    for (let ms = 1; ms <= 1000; ms += 1) {
      at(ms);
      screen.output([`ok ${ms}`]);
    }
    expect(rows().split('\n').length - 1).toBeLessThanOrEqual(12);
  });

  it.each([['tabs', '\tat Object.<anonymous>\t(sum.test.js)'.repeat(3)], ['wide signs', '日本語のテスト'.repeat(9)], ['pictures', '✅🚀'.repeat(20)]])(
    'keeps a line with %s within the window, as it would be left behind otherwise', (_, line) => {
      const { screen, rows, at } = show({ terminal });
      screen.hear(started('test', 'test gate'));
      at(200);
      screen.output([line]);
      const last = windowOf(rows()).at(-1) ?? '';
      expect(last).not.toContain('\t');
      expect([...last].reduce((columns, sign) => columns + (/[\u3000-\u9fff\u2705]|[\u{1f000}-\u{1ffff}]/u.test(sign) ? 2 : 1), 0)).toBeLessThan(60);
    });

  it('writes errors above what is drawn, and leaves nothing behind', () => {
    const { screen, rows, problems } = show({ terminal });
    screen.hear(started('preflight'));
    screen.problem('warning', ['careful'], {});
    screen.end();
    screen.tick();
    expect([windowOf(rows()), problems()]).toEqual([[], 'warning: careful\n']);
  });

  it('never draws a line that is wider than the window, nor more lines than a few', () => {
    const { screen, rows } = show({ terminal });
    screen.hear(started('rollout'));
    for (let index = 0; index < 20; index += 1) screen.progress('rollout', `deployment/of-a-service-with-a-long-name-${index}`, '0/3 ready');
    const shown = windowOf(rows());
    expect(shown).toHaveLength(6);
    expect(shown.at(-1)).toMatch(/… and 15 more$/);
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(60);
  });
});
