import { table } from './tables.mjs';

/** @typedef {import('./source.mjs').Source} Source */
/** @typedef {import('../../src/config/values/policy-rules.js').PolicyRuleName} PolicyRuleName */

/**
 * @param {Source} source
 * @param {PolicyRuleName} name
 */
function levelOf({ policyRules }, name) {
  const declared = policyRules[name];
  return `\`${declared.level}\`${'by' in declared ? `, once ${declared.by} is set` : ''}`;
}

/**
 * Every policy rule in a line.
 *
 * @param {Source} source
 */
export const policyRuleTable = (source) => table(['Rule', 'What it finds', 'Default'],
  source.policyRuleNames.map((name) => [`[\`${name}\`](#${name})`, source.policyRules[name].finds, levelOf(source, name)]));

/**
 * Every policy rule with what it looks at, an example, and what to do.
 *
 * @param {Source} source
 */
export const policyRuleSections = (source) => source.policyRuleNames.map((name) => {
  const { looksAt, example } = source.ruleTexts[name];
  return `### ${name}

${source.policyRules[name].finds} Default: ${levelOf(source, name)}.

**What it looks at.** ${looksAt}

\`\`\`yaml
${example}
\`\`\`

**What to do.** ${source.rules[name].fix}`;
}).join('\n\n');

/**
 * The API versions that Kubernetes has removed.
 *
 * @param {Source} source
 */
export function removedApiTable({ removedApis, removedApisAsOf: { date, source } }) {
  const rows = removedApis.map(({ apiVersion, kinds, removedIn, replacement }) => [
    `\`${apiVersion}\``, kinds.join(', '), `1.${removedIn}`, replacement ? `\`${replacement.apiVersion}\`, since 1.${replacement.since}` : 'nothing',
  ]);
  return `From the [deprecated API migration guide](${source}), compared on ${date}.\n\n${table(['API version', 'Kinds', 'Removed in', 'Replaced by'], rows)}`;
}
