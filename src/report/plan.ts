import type { Plan } from '../outcome/plan.js';
import { codeBlock, details, prose, table } from './markdown.js';
import { exactVersions, placeColumns, placeName, versionCells, versionName } from './places.js';

/** The plan for the job summary. */
export function planMarkdown(plan: Plan): string {
  const steps = plan.steps.map((step, index) => `${index + 1}. **${step.stage}** ${prose(step.title)}`).join('\n');
  const places = placeColumns(plan.changes);
  const rows = plan.changes.map((change) => [...places.of(change), ...versionCells([change.before, change.after])]);
  const commands = plan.steps.flatMap((step) => step.commands);
  const parts = [
    steps,
    rows.length > 0 ? table([...places.heads, 'before', 'after'], rows) : '',
    plan.rollback ? `**Automatic rollback:** ${plan.rollback.possible ? 'yes' : 'no'}. ${prose(plan.rollback.reason)}` : '',
    plan.notifications.length > 0 ? `**Notifications:** ${plan.notifications.map(prose).join('; ')}` : '',
    plan.warnings.length > 0 ? `**Warnings**\n\n${plan.warnings.map((text) => `- ${prose(text)}`).join('\n')}` : '',
    commands.length > 0 ? details('The commands', codeBlock(commands.join('\n'), 'sh')) : '',
    exactVersions(plan.changes),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** The plan for the log, line by line. */
export function planLines(plan: Plan): readonly string[] {
  const where = [plan.environment && `environment ${plan.environment}`, plan.namespace && `namespace ${plan.namespace}`].filter(Boolean).join(', ');
  const steps = plan.steps.flatMap((step, index) =>
    [`${String(index + 1).padStart(2)}. ${step.stage.padEnd(9)}  ${step.title}`, ...step.commands.map((command) => `      $ ${command}`)]);
  const changes = plan.changes.flatMap((change) =>
    [`  ${placeName(change)}`, `    - ${versionName(change.before)}`, `    + ${change.after}`]);
  return [
    `Plan for ${plan.app}${where && ` (${where})`}: nothing was changed.`,
    ...steps,
    ...changes.length > 0 ? ['Changes:', ...changes] : [],
    ...plan.rollback ? [`Automatic rollback: ${plan.rollback.possible ? 'yes' : 'no'}. ${plan.rollback.reason}`] : [],
    ...plan.notifications.length > 0 ? [`Notifications: ${plan.notifications.join('; ')}`] : [],
  ];
}
