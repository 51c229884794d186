import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ownWords } from '../../src/entry/own-words.js';
import { printEnd, tell } from '../../src/entry/report.js';
import { createRunnerLog, createTerminalLog } from '../../src/host/log.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import type { Ports } from '../../src/ports/ports.js';
import { needsOf } from '../../src/kubernetes/preflight/needs.js';
import { roleFor } from '../../src/kubernetes/preflight/role.js';
import { terminalEnd } from '../../src/report/terminal/end.js';
import { createPaint } from '../../src/report/terminal/paint.js';
import { createScreen } from '../../src/report/terminal/screen.js';
import { deployed, planned, rollbackFailed, rolledBack } from '../report/outcomes.js';

const needs = needsOf({ app: 'shop', workloads: [{ kind: 'deployment', name: 'api' }, { kind: 'statefulset', name: 'db' }], smoke: [] });
const role = roleFor(needs, 'my-app', 'system:serviceaccount:my-app:deployer');
const refused: Outcome = {
  ...deployed, verdict: 'failed', changes: [], failure: {
    cause: 'permission-denied', stage: 'preflight', message: 'The account may not.', hint: 'Apply it.', evidence: [{ title: 'Role', text: role, ours: true }],
  },
};
const reportPath = '/home/runner/work/_temp/deploy-report-4711.json';

/** How a run with these secrets is told, from the moment on at which its secrets are known. */
async function told(outcome: Outcome, secrets: readonly string[]) {
  const printed: string[] = [];
  const log = createRunnerLog((text) => { printed.push(text); });
  log.keep(ownWords);
  for (const secret of secrets) log.mask(secret);
  let report = '';
  const files = { writeText: (_: string, text: string) => { report = text; return Promise.resolve(); } };
  const { summary, outputs } = await tell({ log, files } as unknown as Ports, outcome, { reportPath, print: (end) => printEnd({ log }, end) });
  return { summary, outputs, report: JSON.parse(report) as Record<string, unknown>, log: printed.join('') };
}

/** Words as they stand in what is printed, and parts of them: the worst secrets that there can be. */
const words = [...new Set([...ownWords, ...role.split(/[\s"',[\]{}]+/), ...JSON.stringify([deployed, rollbackFailed]).split(/[\s"',[\]{}]+/), ...role.split('\n'), reportPath])].filter((word) => word !== '');
const part = fc.tuple(fc.constantFrom(...words), fc.nat(30), fc.nat(60)).map(([word, from, to]) => word.slice(from, from + to)).filter((word) => word.trim() !== '');
const secrets = fc.array(fc.oneof(part, fc.constantFrom(...words), fc.stringMatching(/^[0-9a-f]{1,6}$/)), { minLength: 1, maxLength: 30 });

describe('what a run tells, whatever the secrets are', () => {
  it.each([['deployed', deployed], ['rolled back', rolledBack], ['rollback failed', rollbackFailed], ['planned', planned], ['failed', refused]] as const)('outputs and report, when it was %s', async (_, outcome) => {
    const plain = await told(outcome, []);
    await fc.assert(fc.asyncProperty(secrets, async (hidden) => {
      const { outputs, report } = await told(outcome, hidden);
      const { plan: planOutput, ...others } = outputs;
      const { plan: __, ...wanted } = plain.outputs;
      expect(others).toEqual(wanted);
      expect(planOutput === '' || typeof JSON.parse(planOutput ?? '')).toEqual(planned === outcome ? 'object' : true);
      for (const name of ['verdict', 'app', 'namespace', 'digest', 'reference', 'tags', 'changes', 'runUrl', 'commit']) expect(report[name]).toEqual(plain.report[name]);
      expect(report['failure']).toEqual(outcome.failure ? expect.objectContaining({ cause: outcome.failure.cause, stage: outcome.failure.stage }) : null);
    }), { numRuns: 25 });
  });

  it('nothing that steers a terminal, nor a secret that an escape sequence divides', async () => {
    const title = '\u001b]0;title\u0007';
    const text = `${title}se\u001b[0mcret-value \u001b]52;c;aGk=\u0007\u009b3m\u202ehidden\b\rnext\tcell`;
    const changes = [{ ...(deployed.changes[0] ?? { subject: 'deployment/api', part: 'app', after: 'api:2' }), before: `${title}api:1` }];
    let end: Outcome | undefined;
    const look = { rows: createPaint(false), problems: createPaint(false), verbose: true };
    const log = createTerminalLog(createScreen({ rows: () => undefined, problems: () => undefined, elapsedMs: () => 0 }, look));
    log.mask('secret-value');
    const outcome: Outcome = { ...rolledBack, changes, failure: { cause: 'crash-loop', stage: 'rollout', message: text, hint: text, evidence: [{ title: text, text }] } };
    const { summary, report } = await tell({ log } as unknown as Ports, outcome, { print: (printed) => { end = printed; } });
    const { problems, results } = terminalEnd(end ?? outcome, look);
    const printed = [...problems, ...results].join('\n');
    for (const place of [printed, summary, report ?? '']) {
      expect(place).toContain('*** hidden');
      expect(place).not.toContain('secret-value');
      // eslint-disable-next-line no-control-regex -- control characters are what is looked for
      expect(place).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]|\\u00/);
    }
  });

  it('what is in the log already once, and what is not at its end', async () => {
    const evidence = [{ title: 'last lines of the test gate', text: 'FAIL sum.test.js', isPrinted: true as const }, { title: 'log of api', text: 'no such zone' }];
    const { log, summary, report } = await told({ ...refused, failure: { cause: 'test-failed', stage: 'test', message: 'The test gate failed.', hint: 'Fix it.', evidence } }, []);
    expect([log.includes('FAIL sum.test.js'), log.includes('no such zone')]).toEqual([false, true]);
    for (const text of ['FAIL sum.test.js', 'no such zone']) expect([summary, JSON.stringify(report)].every((place) => place.includes(text))).toBe(true);
  });

  it('the Role to apply, in the log, the summary and the report', async () => {
    await fc.assert(fc.asyncProperty(secrets, async (hidden) => {
      const { summary, report, log } = await told(refused, hidden);
      expect(JSON.stringify(report['failure'])).toContain(JSON.stringify(role).slice(1, -1));
      expect(summary).toContain(role.trimEnd());
      for (const line of role.trimEnd().split('\n')) expect(log).toContain(`${line}\n`);
    }), { numRuns: 25 });
  });

  it('with the verdict, also when they cannot be masked', async () => {
    const log = createRunnerLog(() => undefined, {
      add: () => undefined, keep: () => undefined, hides: () => true, forRunner: () => [], redact: () => { throw new RangeError('Invalid typed array length'); },
    });
    const files = { writeText: () => Promise.resolve() };
    const { outputs, summary } = await tell({ log, files } as unknown as Ports, rolledBack, { reportPath, print: (end) => printEnd({ log }, end) });
    expect(outputs).toMatchObject({ verdict: 'rolled-back', cause: 'crash-loop', stage: 'rollout', report: reportPath, reference: rolledBack.reference });
    expect(summary).toContain('rolled-back');
    expect(summary).not.toContain('cannot find module');
  });

  it.each<[string, Partial<Outcome>]>([
    ['a message', { failure: { ...rolledBack.failure, message: undefined } as never }],
    ['evidence', { failure: { ...rolledBack.failure, evidence: [null] } as never }],
    ['a time', { startedAt: NaN }],
    ['a warning', { warnings: [undefined] as never }], ['a change', { changes: [{ workload: 'deployment/api', before: 'a' }] as never }],
  ])('with the verdict, also when %s cannot be rendered', async (_what, broken) => {
    const log = createRunnerLog(() => undefined);
    log.mask('a secret of the run');
    const ports = { log, files: { writeText: () => Promise.resolve() } } as unknown as Ports;
    const { outputs, summary } = await tell(ports, { ...rolledBack, ...broken }, { reportPath, print: (end) => printEnd(ports, end) });
    expect(outputs).toMatchObject({ verdict: 'rolled-back', cause: 'crash-loop', stage: 'rollout', reference: rolledBack.reference });
    expect(summary).toContain('rolled-back');
  });

  it('are words that the runner is not to hide: those of a Role among them', () => {
    const kept = ownWords.join('\n');
    const grammar = role.replaceAll(/my-app|deployer(?!-more)|shop|\bapi\b|\bdb\b|-[0-9a-f]{8}|deploy-\w+/g, '').split(/[\s"',:[\]{}]+/).filter((word) => word.length >= 4);
    expect(grammar.filter((word) => !kept.includes(word.replace(/^-+|-+$/g, '')))).toEqual([]);
  });
});
