import { describe, expect, it } from '@jest/globals';
import { closingLines } from '../../src/report/closing.js';
import { planLines, planMarkdown } from '../../src/report/plan.js';
import { summary } from '../../src/report/summary.js';
import { deployed, planned } from './outcomes.js';

const change = { subject: 'api', part: '', before: 'api-00001', after: 'api-00002' };

describe('a target without parts', () => {
  it('has one column, and no colon after its name', () => {
    const outcome = { ...deployed, changes: [{ ...change, now: 'api-00002' }] };
    expect(summary(outcome)).toContain('| target | before | after |\n| --- | --- | --- |\n| `api` | `api-00001` | `api-00002` |');
    expect(closingLines(outcome)).toContain('  api api-00001 → api-00002');
  });

  it('may have something before that nobody knows', () => {
    const outcome = { ...deployed, changes: [{ ...change, before: '' }] };
    expect(summary(outcome)).toContain('| `api` | unknown | `api-00002` |');
    expect(closingLines(outcome)).toContain('  api unknown → api-00002');
    const plan = { ...planned.plan, app: 'api', steps: [], warnings: [], notifications: [], changes: outcome.changes };
    expect(planMarkdown(plan)).toContain('| target | before | after |\n| --- | --- | --- |\n| `api` | unknown | `api-00002` |');
    expect(planLines(plan).join('\n')).toContain('  api\n    - unknown\n    + api-00002');
  });
});
