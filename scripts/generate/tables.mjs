/** @typedef {import('./source.mjs').Source} Source */
/** @typedef {import('../../src/outcome/action.js').ActionName} ActionName */
/** @typedef {import('../../src/outcome/action.js').Taker} Taker */
/** @typedef {import('../../src/config/settings.js').SettingName} SettingName */

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

/**
 * @param {readonly string[]} heads
 * @param {readonly (readonly string[])[]} rows
 */
export function table(heads, rows) {
  return [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

/**
 * The inputs of one action, by topic.
 *
 * @param {Source} source
 * @param {Taker} action
 */
export function inputTables(source, action) {
  const rows = source.settingsOf(action).map((name) => {
    const setting = source.settings[name];
    return [`\`${name}\``, source.descriptionOf(setting, action), setting.requiredBy.includes(action) ? 'required' : source.defaultOf(setting) ?? ''];
  });
  return table(['Input', 'Meaning', 'Default'], rows);
}

/** @param {Readonly<Record<string, string>>} outputs */
export const outputTable = (outputs) =>
  table(['Output', 'Meaning'], Object.entries(outputs).map(([name, description]) => [`\`${name}\``, description]));

/**
 * Every way in which a run can end.
 *
 * @param {Source} source
 */
export function verdictTable({ verdictTable: verdicts, actionNames }) {
  const rows = Object.entries(verdicts).map(([verdict, { success, meaning, actions }]) => [
    `\`${verdict}\``, success ? 'succeeds' : 'fails', meaning, actions.length === actionNames.length ? 'all' : actions.map((action) => `\`${action}\``).join(', '),
  ]);
  return table(['`verdict`', 'step', 'meaning', 'actions'], rows);
}

/**
 * All settings, one table for each section, with the fields of those that have some.
 *
 * @param {Source} source
 */
export function settingTables(source) {
  return source.sections.map(({ heading, settings }) => {
    const names = source.settingNames.filter((name) => name in settings);
    return `### ${heading}\n\n${table(['Setting', 'Meaning', 'Default', 'Actions', 'In the file'], names.flatMap((name) => settingRows(source, name)))}`;
  }).join('\n\n');
}

/**
 * @param {Source} source
 * @param {SettingName} name
 */
function settingRows({ settings, actionNames, defaultOf }, name) {
  const { description, actions, inFile, kind } = settings[name];
  const named = (/** @type {readonly Taker[]} */ takers) => takers.map((taker) => `\`${taker}\``);
  // `setup` prepares a machine: it is none of the actions that "all" means.
  const others = actions.filter((taker) => !actionNames.some((name) => name === taker));
  const where = (actions.length - others.length === actionNames.length ? ['all', ...named(others)] : named(actions)).join(', ');
  const parts = (kind.parts?.() ?? []).map((part) => [
    `\`${name}${part.path.startsWith('[') ? '' : '.'}${part.path}\``, part.description, part.needed ? 'required' : part.default ?? '', where, 'only there',
  ]);
  return [[`\`${name}\``, description, defaultOf(settings[name]) ?? '', where, inFile ? kind.fromText ? 'yes' : 'only there' : 'no'], ...parts];
}

/**
 * What a new pod that is not ready can be doing.
 *
 * @param {Source} source
 */
export const podStateTable = ({ podStates }) => table(['What the API shows', 'Progress line', 'Warning after'],
  Object.values(podStates).map(({ observed, line, warnAfterSeconds }) => [observed, `\`${line}\``, `${warnAfterSeconds} s`]));

/** @param {import('../../src/outcome/causes/entry.js').CauseEntry} entry */
function sureAfter({ patienceSeconds, longer, longest }) {
  const usual = patienceSeconds ? `${patienceSeconds} s` : 'at once';
  return [usual, ...[longer, longest].flatMap((each) => (each ? [`${each.seconds} s when ${each.when}`] : []))].join('; ');
}

/** Causes of a rollout that `patience` cannot change, and the settings that change their time instead. */
const impatient = /** @type {const} */ ({
  'smoke-failed': 'no', 'superseded': 'no', 'deadline': '`timeout`, and `progressDeadlineSeconds` of the Deployment',
});

/**
 * What a rollout can fail of, in short.
 *
 * @param {Source} source
 */
export function rolloutCauses({ causes, patientCauses }) {
  const rows = [
    ...patientCauses.map((code) => /** @type {const} */ ([code, 'yes'])),
    ...Object.entries(impatient).map(([code, how]) => /** @type {const} */ ([/** @type {keyof typeof impatient} */ (code), how])),
  ];
  return table(['Cause', 'What is seen', 'Sure after', 'Can be set'], rows.map(([code, settable]) =>
    [`\`${code}\``, causes[code].observed, sureAfter(causes[code]), settable]));
}

/** @param {Source} source */
export function causesPage({ causeRooms }) {
  const rooms = Object.entries(causeRooms).map(([title, causes]) => {
    const rows = Object.entries(causes).map(([code, entry]) => [`\`${code}\``, entry.sentence, entry.observed, sureAfter(entry), entry.hint]);
    return `## ${title}\n\n${table(['Cause', 'What it says', 'What is seen', 'Sure after', 'What to do'], rows)}`;
  });
  return `# Causes

<!-- Generated by \`npm run generate\` from src/outcome/causes/; change it there. -->

Every run that fails names one of these in its output \`cause\`, in the summary and in the report.
"Sure after" is how long a symptom must last before it counts as the cause.

${rooms.join('\n\n')}
`;
}
