import { actionYml, allYml, setupYml } from './action-yml.mjs';
import { messageTable } from './messages.mjs';
import { reportJsonSchema } from './report-schema.mjs';
import { policyRuleSections, policyRuleTable, removedApiTable } from './policy.mjs';
import { causesPage, inputTables, outputTable, podStateTable, rolloutCauses, settingTables, verdictTable } from './tables.mjs';

/** @typedef {import('./source.mjs').Source} Source */
/** @typedef {(path: string) => Promise<string | undefined>} Read */
/** @typedef {readonly { readonly path: string, readonly text: string }[]} Texts */

/**
 * Every generated file with its content. Files that are written by hand and have a generated part between markers
 * (`<!-- inputs:start -->`, `<!-- inputs:end -->`) are among them when they exist.
 *
 * @param {Source} source
 * @param {Texts} texts the TypeScript files themselves
 * @param {Read} read gives the text of a file as it is now
 * @returns {Promise<Texts>}
 */
export async function generatedFiles(source, texts, read) {
  const whole = [
    ...source.actionNames.map((name) => ({ path: inFolder(source.actions[name].folder, 'action.yml'), text: actionYml(source, name) })),
    { path: 'deploy/action.yml', text: actionYml(source, 'deploy', 'deploy') },
    { path: 'setup/action.yml', text: setupYml(source) },
    { path: 'all/action.yml', text: allYml(source) },
    { path: 'schema/deploy.schema.json', text: json(source.settingsJsonSchema()) },
    { path: 'schema/report.schema.json', text: json(reportJsonSchema(source)) },
    { path: 'docs/causes.md', text: causesPage(source) },
    { path: '__tests__/messages/messages.txt', text: messageTable(texts) },
  ];
  const marked = await Promise.all([
    withParts('docs/rollout.md', { 'causes': rolloutCauses(source), 'pod-states': podStateTable(source) }, read),
    withParts('docs/policy.md', { 'rules': policyRuleTable(source), 'each-rule': policyRuleSections(source), 'removed-apis': removedApiTable(source) }, read),
    withParts('docs/settings.md', { settings: settingTables(source), outputs: outputTable(source.outputs) }, read),
    withParts('setup/README.md', { inputs: inputTables(source, 'setup'), outputs: outputTable(source.setupOutputs) }, read),
    withParts('all/README.md', { inputs: inputTables(source, 'deploy'), outputs: outputTable(source.outputsOf('deploy')) }, read),
    ...source.actionNames.map((name) =>
      withParts(inFolder(source.actions[name].folder, 'README.md'), {
        inputs: inputTables(source, name), outputs: outputTable(source.outputsOf(name)), verdicts: verdictTable(source),
      }, read)),
  ]);
  return [...whole, ...marked.flat()];
}

/**
 * @param {string} folder
 * @param {string} file
 */
const inFolder = (folder, file) => (folder === '.' ? file : `${folder}/${file}`);

/** @param {unknown} value */
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * @param {string} path
 * @param {Readonly<Record<string, string>>} parts
 * @param {Read} read
 */
async function withParts(path, parts, read) {
  const text = await read(path);
  if (text === undefined) return [];
  return [{ path, text: Object.entries(parts).reduce((page, [name, content]) => replacePart(path, page, name, content), text) }];
}

/**
 * @param {string} path
 * @param {string} page
 * @param {string} name
 * @param {string} content
 */
function replacePart(path, page, name, content) {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 && to < 0) return page;
  if (from < 0 || to < from) throw new Error(`${path}: ${start} and ${end} must both exist, in this order.`);
  return `${page.slice(0, from + start.length)}\n${content}\n${page.slice(to)}`;
}
