import { ConfigError, type Problem } from '../outcome/errors.js';
import type { Flag } from '../ports/command-line.js';

const group = 'In the cluster';
/** Flags with which `backup` makes no backup, and prints the manifests of a CronJob that does. */
export const emissionFlags: readonly Flag[] = [
  { name: 'emit', value: 'cronjob', group, description: 'Make no backup: print the manifests of a CronJob that makes them.' },
  { name: 'image', value: 'IMAGE', group, description: 'Image of the CronJob, built of backup/image/Dockerfile.' },
  { name: 'schedule', value: 'CRON', group, description: 'Five fields of cron, in UTC.', default: '23 */3 * * *' },
  { name: 'secret', value: 'NAME', group, description: 'Secret with the variables that the settings name.', default: 'the name of the CronJob' },
  { name: 'disk', value: 'SIZE', group, description: 'Space for a dump, and once more for its encrypted form.', default: '10Gi' },
];

/** How a CronJob is wanted. */
export interface Emission {
  readonly schedule: string;
  readonly image: string;
  /** Undefined: it is called as the CronJob. */
  readonly secret?: string;
  readonly disk: string;
}

type Inputs = Readonly<Record<string, string>>;
const isOwn = (name: string): boolean => emissionFlags.some((flag) => flag.name === name);

/** The flags of an emission apart from the others; undefined if there are none. Throws ConfigError. */
export function readEmission(inputs: Inputs): { readonly emission: Emission; readonly rest: Inputs } | undefined {
  const entries = Object.entries(inputs);
  const own = entries.filter(([name]) => isOwn(name));
  if (own.length === 0) return undefined;
  return { emission: emissionOf(Object.fromEntries(own)), rest: Object.fromEntries(entries.filter(([name]) => !isOwn(name))) };
}

/** A field of https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax. The cluster checks the rest. */
const field = String.raw`[\w*/,-]+`;
const isSchedule = new RegExp(`^${field}(?: ${field}){4}$`);
const isSecretName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const isSize = /^[1-9]\d{0,5}(?:Mi|Gi|Ti)$/;

function emissionOf({ emit, image = '', schedule = '23 */3 * * *', secret, disk = '10Gi' }: Partial<Inputs>): Emission {
  const unless = (isRight: boolean, problem: Problem): readonly Problem[] => (isRight ? [] : [problem]);
  const problems = [
    ...unless(emit !== undefined, { where: '--emit', message: 'is missing, and --image, --schedule, --secret and --disk are for it', hint: 'Add --emit cronjob, or remove them.' }),
    ...unless(emit === undefined || emit === 'cronjob', { where: '--emit', message: 'can only be "cronjob"', hint: 'Write --emit cronjob.' }),
    ...unless(/^\S+$/.test(image), { where: '--image', message: 'does not name the image that makes the backups', hint: 'Build it with backup/image/Dockerfile, and give its name with a tag or a digest.' }),
    ...unless(isSchedule.test(schedule), { where: '--schedule', message: 'does not have the five fields of cron', hint: 'Write it in quotes, in UTC: "23 */3 * * *".' }),
    ...unless(secret === undefined || isSecretName.test(secret), { where: '--secret', message: 'is not the name of a Secret', hint: 'Use lower-case letters, digits and dashes.' }),
    ...unless(isSize.test(disk), { where: '--disk', message: 'is not a size', hint: 'Write it as 10Gi: twice the size of the largest dump.' }),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return { image, schedule, disk, ...secret !== undefined && { secret } };
}
