import { blocksOf } from './markdown.mjs';

/** @typedef {{ readonly name: string, readonly text: string }} Workflow `name`: the page and line that it is from */

const header = 'on: push\npermissions: {}\njobs:\n  snippet:\n    runs-on: ubuntu-24.04\n    permissions: { contents: read }\n    steps:\n';

/**
 * The workflows that a page shows, complete: a job or steps alone get what is missing around them. This action and its workflows are called by their
 * path in the repository, so the names of its inputs and outputs are checked.
 *
 * @param {string} page its path
 * @param {string} markdown
 * @returns {readonly Workflow[]}
 */
export function workflowsOf(page, markdown) {
  return blocksOf(markdown).filter(({ language }) => language === 'yaml').flatMap(({ text, line }) => {
    const whole = complete(text);
    return whole === undefined ? [] : [{ name: `${page}:${line}`, text: whole.replaceAll(/uses: acci\/deploy-action(\/[\w./-]+)?@v1/g, (_, part = '/') => `uses: ./${part.slice(1)}`) }];
  });
}

/** @param {string} text */
function complete(text) {
  if (/^jobs:$/m.test(text)) return /^on:/m.test(text) ? text : `on: push\npermissions: {}\n${text}`;
  if (/^- (?:uses|id|if|run|name):/m.test(text)) return header + indent(text, 6);
  return undefined;
}

/**
 * @param {string} text
 * @param {number} by
 */
const indent = (text, by) => text.split('\n').map((line) => (line === '' ? line : `${' '.repeat(by)}${line}`)).join('\n');
