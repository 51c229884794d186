import { expect, it } from '@jest/globals';
import { draw, ensureChromium } from '../../scripts/pictures/chromium.mjs';
import type { Change, Outcome } from '../../src/outcome/outcome.js';
import { gantt } from '../../src/report/gantt.js';
import { summary } from '../../src/report/summary.js';
import { built, deployed, failed, planned, rollbackFailed, rolledBack, tested, unchanged } from '../report/outcomes.js';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const commit = (digit: string): string => digit.repeat(40);

/** References as long as they get in practice: a registry of a cloud, and a commit as tag. */
const long = ({ subject, part }: Pick<Change, 'subject' | 'part'>): Change => {
  const image = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme-platform/backend/translator-websocket-gateway';
  const [before, after] = [`${image}:${commit('a')}@${digest('a')}`, `${image}:${commit('b')}@${digest('b')}`];
  return { subject, part, before, after, now: before };
};
const changes = [long({ subject: 'deployment/translator-websocket-gateway', part: 'websocket-gateway' }), long({ subject: 'statefulset/translator-worker', part: 'worker' })];
const plan = planned.plan && { ...planned.plan, changes };
const message = 'Container websocket-gateway of pod translator-websocket-gateway-7fd8f4c974-jp86x exited twice, last with exit code 1.';
const outcomes: Readonly<Record<string, Outcome>> = {
  built, deployed, failed, planned, rollbackFailed, rolledBack, tested, unchanged,
  'deployed with long names': { ...deployed, changes },
  'rolled back with long names': { ...rolledBack, changes, failure: rolledBack.failure && { ...rolledBack.failure, message } },
  'planned with long names': { ...planned, plan },
};

// Nothing runs off the page of a run, and every timeline is drawn.
it.each(Object.entries(outcomes))('a browser shows all of the summary of a run that ended %s', async (_, outcome) => {
  expect(await draw(await ensureChromium(), summary(outcome))).toEqual({ height: expect.any(Number), problems: [] });
}, 120_000);

it('finds a table that is wider than the page', async () => {
  const { problems } = await draw(await ensureChromium(), `| a |\n| --- |\n| ${'x'.repeat(300)} |\n`);
  expect(problems).toEqual([expect.stringMatching(/^table is \d+ px wide: /)]);
}, 120_000);

it('finds an axis with one label several times', async () => {
  const chart = ['```mermaid', 'gantt', '  dateFormat x', '  axisFormat %s s', '  a :0, 900', '  b :900, 2000', '```', ''].join('\n');
  const { problems } = await draw(await ensureChromium(), chart);
  expect(problems).toEqual(['the axis has the label 0 s more than once']);
}, 120_000);

it('labels every axis, whatever its length', async () => {
  const charts = [400, 1900, 2100, 9000, 15_900, 16_100, 59_000, 599_000, 601_000, 3_600_000, 35_900_000, 36_100_000].map((endMs) => gantt({ timeline: [
    { stage: 'test', label: 'a', startMs: 0, endMs: endMs / 2, result: 'ok' }, { stage: 'build', label: 'b', startMs: endMs / 2, endMs, result: 'ok' },
  ] }));
  expect(await draw(await ensureChromium(), charts.join('\n\n'))).toEqual({ height: expect.any(Number), problems: [] });
}, 120_000);

it('finds a timeline that is not drawn', async () => {
  const { problems } = await draw(await ensureChromium(), '```mermaid\ngantt\n  nonsense: ::\n```\n');
  expect(problems).toEqual([expect.stringContaining('the timeline is not drawn')]);
}, 120_000);
