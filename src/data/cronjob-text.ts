import { stringify } from 'yaml';
import type { Excerpt } from '../config/excerpt.js';
import { shellWord } from '../outcome/wording.js';
import { cronJobObjects, type CronJobWish } from './cronjob.js';

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Settings as a file. Every value is text for whoever reads it, so none loses a digit. */
export const settingsText = (excerpt: Excerpt): string => yaml(excerpt);

/** The manifests for `kubectl apply`, with the command for the Secret as a comment: values go through files, and no argument has one. */
export function cronJobText(wish: CronJobWish): string {
  const { namespace, secret, variables } = wish;
  const inNamespace = namespace === undefined ? '' : ` --namespace=${shellWord(namespace)}`;
  // A comment at the end of a line would take the backslash with it.
  const keys = variables.map(({ name }) => ` \\\n#     --from-file=${name}=<(printf %s "$${name}")`);
  const optional = variables.filter(({ isNeeded }) => !isNeeded).map(({ name }) => name);
  const leaveOut = optional.length === 0 ? '' : `, without the lines of those that are not used (of ${optional.join(', ')})`;
  const head = keys.length === 0 ? '' : `# The Secret with its variables, which you create in bash, once${leaveOut}:\n#   kubectl${inNamespace} create secret generic ${shellWord(secret)}${keys.join('')}\n`;
  return `# Backups in the cluster, see docs/backup.md. Print and apply it again when the settings have changed.\n${head}---\n${cronJobObjects(wish).map(yaml).join('---\n')}`;
}
