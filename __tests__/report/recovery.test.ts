import { describe, expect, it } from '@jest/globals';
import type { DataReport, RecoveredStep, RecoveryReport } from '../../src/outcome/data.js';
import { dataLines, dataMarkdown, dataOutputs, dataValue } from '../../src/report/data.js';

const step = (label: string, result: RecoveredStep['result'], tookMs = 0): RecoveredStep => ({ label, title: `does ${label} \`x\``, result, tookMs, commands: [`kubectl ${label}`] });
const recovery = (more: Partial<RecoveryReport> = {}): RecoveryReport => ({
  startedAt: Date.UTC(2026, 10, 30, 16, 40), isContinued: false, rtoLimitMs: 3_600_000, rtoMs: 754_000, rpoMs: 12_600_000, rpoLimitMs: 21_600_000,
  steps: [step('objects', 'done', 1200), step('app', 'done', 65_000)], ...more,
});
const report = (more: Partial<RecoveryReport> = {}): DataReport => ({ of: 'restore', backups: [], restores: [], kept: [], recovery: recovery(more) });

describe('the report of a recovery', () => {
  it('has the runbook with its times, and what was measured against what is wanted', () => {
    expect(dataMarkdown(report())).toBe([
      '**Recovery**', '',
      '|  | step | result | time |', '| --- | --- | --- | --- |', '| 1 | does objects `x` | ✓ done | 1.2 s |', '| 2 | does app `x` | ✓ done | 65.0 s |', '',
      '|  | measured | wanted |', '| --- | --- | --- |', '| time to recover (RTO) | 13 min | 60 min |', '| data lost (RPO) | 3.5 h | 6 h |',
    ].join('\n'));
    expect(dataOutputs(report())).toMatchObject({ 'rto-seconds': '754' });
  });

  it('has the commands for a person from the step that failed on', () => {
    const failed = report({ isContinued: true, rtoMs: undefined, rpoMs: 25_200_000, steps: [step('objects', 'done'), step('restore main', 'failed', 500), step('app', 'not reached')] });
    expect(dataMarkdown(failed)).toContain('**Recovery** (continued)');
    expect(dataMarkdown(failed)).toContain('```sh\n# restore main\nkubectl restore main\n# app\nkubectl app\n```');
    expect(dataLines(failed)).toEqual([
      'objects: done in 0 ms', 'restore main: failed in 500 ms', 'app: not reached', 'time to recover (RTO): not complete; wanted: 60 min', 'data lost (RPO): 7 h, exceeded; wanted: 6 h',
      'The rest by hand, if the same command cannot continue:', '  # restore main', '  kubectl restore main', '  # app', '  kubectl app',
    ]);
    expect(dataOutputs(failed)['rto-seconds']).toBe('');
  });

  it('is a value for programs', () => {
    expect(dataValue(report({ rpoMs: undefined, rpoLimitMs: undefined }))?.recovery).toEqual({
      startedAt: '2026-11-30T16:40:00.000Z', continued: false, rtoMs: 754_000, rtoLimitMs: 3_600_000, rpoMs: null, rpoLimitMs: null,
      steps: [
        { label: 'objects', title: 'does objects `x`', result: 'done', tookMs: 1200, commands: ['kubectl objects'] }, { label: 'app', title: 'does app `x`', result: 'done', tookMs: 65_000, commands: ['kubectl app'] },
      ],
    });
    expect(dataLines(report({ rpoMs: undefined, rpoLimitMs: undefined }))).toContain('data lost (RPO): no backup; wanted: no limit');
  });
});
