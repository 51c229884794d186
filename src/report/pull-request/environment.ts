import type { Finding } from '../../outcome/finding.js';
import type { Plan } from '../../outcome/plan.js';
import type { PolicyReport } from '../../outcome/policy.js';
import type { Difference, EnvironmentCheck } from '../../outcome/pull-request.js';
import { code, codeBlock, details, prose, table } from '../markdown.js';
import { policyMarkdown } from '../policy.js';
import { exactVersions, placeColumns, versionCells } from '../places.js';
import { diffOf } from './diff.js';
import type { Block } from './fit.js';
import { findingLines, inLine, list } from './lists.js';

/** Rows of a table, and steps of a plan. */
const rowsAtMost = 100;

/**
 * The parts about one environment, the most important ones with the lowest rank.
 * @param isOneOfMany under a heading of its own
 */
export function environmentBlocks(check: EnvironmentCheck, isOneOfMany: boolean): readonly Block[] {
  const { environment, plan, policy, differences } = check;
  const of = environment === undefined ? '' : ` of ${environment}`;
  const attachments = check.problems.flatMap(({ attachment }) => attachment ?? []);
  return [
    { name: `the plan${of}`, text: whole(check, isOneOfMany), rank: 1 },
    ...policy ? [policyBlock(policy, of)] : [],
    ...attachments.map(({ title, text }): Block => ({ name: title, text: details(title, codeBlock(text, 'yaml')), rank: 2 })),
    ...differences.map((difference) => diffBlock(difference, of)),
    ...plan ? [{ name: `the commands${of}`, text: commands(plan), rank: 4 }, { name: `the exact versions${of}`, text: exactVersions(plan.changes), rank: 5 }] : [],
  ].filter(({ text }) => text !== '');
}

function whole(check: EnvironmentCheck, isOneOfMany: boolean): string {
  const { environment, namespace, plan, problems, warnings, calendar } = check;
  return [
    isOneOfMany && environment !== undefined ? `#### ${code(environment)}` : '',
    problems.length > 0 ? `**A deployment would fail**\n\n${list(problemsOf(problems))}` : '',
    plan ? planned(plan) : named(check),
    plan?.rollback ? `**Automatic rollback:** ${plan.rollback.possible ? 'yes' : 'no'}. ${inLine(plan.rollback.reason)}` : '',
    calendar.length > 0 ? calendar.map(inLine).join('<br>') : '',
    warnings.length > 0 ? `**Warnings**\n\n${list(warnings.map(inLine))}` : '',
    check.leftOut.length > 0 ? `**Not checked**\n\n${list(check.leftOut.map(({ what, why }) => `${prose(what)}: ${inLine(why)}`))}` : '',
    namespace === undefined || plan === undefined ? '' : `<sub>namespace ${code(namespace)}</sub>`,
  ].filter((part) => part !== '').join('\n\n');
}

/** What policy rules deny has a section of its own. */
function problemsOf(problems: readonly Finding[]): readonly string[] {
  const others = problems.filter(({ cause }) => cause !== 'policy-denied');
  const denied = problems.length - others.length;
  return [...findingLines(others), ...denied > 0 ? [`${code('policy-denied')}: ${denied} ${denied === 1 ? 'finding' : 'findings'} of policy rules, which are below.`] : []];
}

function policyBlock({ findings, notes }: PolicyReport, of: string): Block {
  const text = policyMarkdown(findings, notes);
  const lines = text.split('\n');
  return {
    name: `the findings of policy rules${of}`, text, rank: 2,
    cut: (room) => {
      const fitting = linesWithin(lines, room - wrapping);
      // Two are the heading.
      return fitting.length < 3 ? undefined : [...fitting, `- And ${lines.length - fitting.length} more.`].join('\n');
    },
  };
}

function planned({ steps, changes }: Plan): string {
  const numbered = steps.slice(0, rowsAtMost).map(({ stage, title }, index) => `${index + 1}. **${stage}** ${inLine(title)}`).join('\n');
  const places = placeColumns(changes);
  const rows = changes.slice(0, rowsAtMost).map((change) => [...places.of(change), ...versionCells([change.before, change.after])]);
  const more = changes.length > rows.length ? `\n\nAnd ${changes.length - rows.length} more.` : '';
  return [numbered, rows.length > 0 ? `${table([...places.heads, 'before', 'after'], rows)}${more}` : ''].filter((part) => part !== '').join('\n\n');
}

/** What the settings name, where there is no plan. */
function named({ image, subjects, namespace }: EnvironmentCheck): string {
  const lines = [
    image === undefined ? '' : `image ${code(image)}`,
    subjects.length === 0 ? '' : `deployed to ${subjects.slice(0, rowsAtMost).map(code).join(', ')}${namespace === undefined ? '' : ` in namespace ${code(namespace)}`}`,
  ].filter((line) => line !== '');
  return lines.length === 0 ? '' : list(lines);
}

const commands = ({ steps }: Plan): string => {
  const all = steps.flatMap((step) => step.commands);
  return all.length === 0 ? '' : details('The commands', codeBlock(all.join('\n'), 'sh'));
};

/** Characters around lines that are cut, a title aside. */
const wrapping = 200;
/** With fewer lines than these, a part of a diff is not worth its place. */
const fewestLines = 10;

function diffBlock(difference: Difference, of: string): Block {
  const { subject, note } = difference;
  const diff = diffOf(difference);
  const remark = note === undefined ? '' : `${inLine(note)}\n\n`;
  const name = `the diff of ${subject}${of}`;
  if (!diff) return { name, rank: 3, text: details(`Diff of ${subject}`, `${remark}It has too many changes to be shown.`) };
  const title = `Diff of ${subject} (+${diff.added} −${diff.removed})`;
  const block = (lines: readonly string[], more: string): string => details(title, `${remark}${codeBlock(lines.join('\n'), 'diff')}${more}`);
  return {
    name, rank: 3, text: block(diff.lines, ''),
    cut: (room) => {
      const fitting = linesWithin(diff.lines, room - wrapping - title.length * 8 - remark.length);
      const left = diff.lines.length - fitting.length;
      return fitting.length < fewestLines ? undefined : block(fitting, `\n\n${left} more ${left === 1 ? 'line' : 'lines'}.`);
    },
  };
}

/** The first lines that have so many characters together. */
function linesWithin(lines: readonly string[], room: number): readonly string[] {
  let left = room;
  const end = lines.findIndex((line) => (left -= line.length + 1) < 0);
  return end < 0 ? lines : lines.slice(0, end);
}
