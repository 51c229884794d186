import { describe, expect, it } from '@jest/globals';
import { verdicts } from '../../../src/outcome/verdict.js';
import { terminalEnd } from '../../../src/report/terminal/end.js';
import { colourOf, createPaint, markOf } from '../../../src/report/terminal/paint.js';
import { deployed, failed, planned, rollbackFailed, rolledBack } from '../outcomes.js';

const [plain, colours] = [createPaint(false), createPaint(true)];
const look = { rows: plain, problems: plain, verbose: false };

describe('the end of a run', () => {
  it('is green for what is deployed, yellow for what is rolled back, and red for what failed', () => {
    const green = verdicts.filter((verdict) => colourOf[verdict] === 'green');
    expect(green).toContain('deployed');
    expect([colourOf['rolled-back'], colourOf.failed, colourOf['rollback-failed'], colourOf.planned]).toEqual(['yellow', 'red', 'red', 'cyan']);
    expect(verdicts.map((verdict) => markOf[verdict].length)).toEqual(verdicts.map(() => 1));
  });

  it('has the verdict and the versions among the results', () => {
    const { results, problems } = terminalEnd(deployed, look);
    expect(problems).toEqual([]);
    expect(results[1]).toMatch(/^✓ deployed {2}/);
    expect(results.join('\n')).toMatch(/→/);
    expect(Math.max(...results.map((line) => line.length))).toBeLessThan(160);
  });

  it('has the message, its evidence and what to do among the problems', () => {
    const { results, problems } = terminalEnd(rolledBack, look);
    expect(problems.join('\n')).toContain(`error: ${rolledBack.failure?.message.split('\n')[0]}`);
    expect(problems.join('\n')).toContain(rolledBack.failure?.hint);
    expect(results[1]).toMatch(new RegExp(`^↩ rolled-back: ${rolledBack.failure?.cause}  `));
    expect(terminalEnd(rolledBack, { ...look, rows: colours }).results[1]).toContain('\u001b[33m');
  });

  it('has only the evidence that decided, unless everything is asked for', () => {
    const evidence = [{ title: 'log of api-1', text: 'boom' }, { title: 'events of api-1', text: 'Normal  Pulled' }, { title: 'conditions', text: 'Ready=False' }];
    const outcome = { ...rolledBack, failure: rolledBack.failure && { ...rolledBack.failure, evidence } };
    expect(terminalEnd(outcome, look).problems.slice(0, 5)).toEqual(['', 'log of api-1', '  boom', '', '2 more pieces of evidence with --verbose']);
    expect(terminalEnd(outcome, { ...look, verbose: true }).problems).toEqual(expect.arrayContaining(['  Normal  Pulled', '  Ready=False']));
    const printed = { ...outcome, failure: outcome.failure && { ...outcome.failure, evidence: [{ title: 'last lines', text: 'boom', isPrinted: true as const }] } };
    expect(terminalEnd(printed, look).problems).toContain('  boom');
    expect(terminalEnd(printed, { ...look, verbose: true }).problems).not.toContain('  boom');
  });

  it('shows the commands of a rollback by hand in full', () => {
    expect(terminalEnd(rollbackFailed, look).results).toEqual(expect.arrayContaining(['  Roll back by hand:', ...rollbackFailed.undoCommands.map((command) => `    ${command}`)]));
  });

  it('does not repeat problems of the settings', () => {
    const wrong = { ...failed, failure: { cause: 'config-invalid', stage: 'config', message: 'app: is empty', hint: '', evidence: [] } } as const;
    const { results, problems } = terminalEnd(wrong, look);
    expect([problems, results.slice(1)]).toEqual([[], [expect.stringMatching(/^✗ failed {2}/), '  The settings are not valid: each problem is reported at its place. Nothing was run or changed.']]);
  });

  it('does not repeat what the page of a checked pull request lists', () => {
    const check = { origin: 'own', settings: { problems: [], warnings: [] }, environments: [], baseImages: [], leftOut: [] } as const;
    const { results, problems } = terminalEnd({ ...failed, check }, look);
    expect([problems, results[1]]).toEqual([[], expect.stringMatching(/^✗ failed {2}/)]);
  });

  it('shows the commands of a plan in full, or up to the width of the terminal', () => {
    const command = `docker buildx build --tag=ghcr.io/acme/hello:${'a'.repeat(40)} --label=${'x'.repeat(200)} .`;
    const outcome = { ...planned, plan: planned.plan && { ...planned.plan, steps: [{ stage: 'build' as const, title: 'build', commands: [command] }] } };
    expect(terminalEnd(outcome, look).results).toContain(`      $ ${command}`);
    expect(terminalEnd(outcome, { ...look, width: 80 }).results).toContain(`${`      $ ${command}`.slice(0, 79)}…`);
    expect(terminalEnd(outcome, { ...look, width: 80, verbose: true }).results).toContain(`      $ ${command}`);
  });

  it('wraps what was verified', () => {
    const outcome = { ...deployed, verified: [{ what: 'service/quotes/quote -> 200 contains quote', seen: 'passed on 3 pods and `service/quotes`, and on nothing else' }] };
    expect(Math.max(...terminalEnd(outcome, { ...look, width: 60 }).results.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  it('is the plan of a dry run', () => {
    expect(terminalEnd(planned, look).results.join('\n')).toMatch(/^\nPlan for .*nothing was changed\.\n 1\. /);
  });

  it('keeps within the window', () => {
    const long = { ...rolledBack, failure: rolledBack.failure && { ...rolledBack.failure, message: 'one two three '.repeat(30).trim(), evidence: [] } };
    expect(Math.max(...terminalEnd(long, { ...look, width: 60 }).problems.map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});
