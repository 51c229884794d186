import { digestOf } from '../../image/reference.js';
import { RolloutError, type Evidence } from '../../outcome/errors.js';
import type { Plan, PlannedChange, PlanStep } from '../../outcome/plan.js';
import { sentence } from '../../outcome/wording.js';
import type { Wanted } from '../target.js';
import { current, earlier, runCommand, type Given } from './commands.js';
import { settingText } from '../../outcome/place-words.js';

/** What `current` prints, or why that is not known. */
export interface Before {
  readonly version?: string;
  readonly why?: string;
  /** What it said when it failed. */
  readonly evidence: readonly Evidence[];
}

export const before = (given: Given): Promise<Before> => current(given, given.ports.cancelled).then(
  (version) => (version === undefined ? { why: nowhereToGo('`current` printed nothing.'), evidence: [] } : { version, evidence: [] }),
  (error: unknown) => {
    if (error instanceof RolloutError) return { why: nowhereToGo(error.message), evidence: error.evidence };
    throw error;
  },
);

const nowhereToGo = (why: string): string => `${sentence(why)} So there is no version to roll back to: if the run fails, the version that it deployed stays.`;

/** Whether `verify` succeeds at once with what is known of the version that is there. */
export const verifies = async (given: Given, version: string | undefined): Promise<boolean> =>
  version !== undefined && given.command.verify !== undefined && await runCommand(given, 'verify', earlier(given, version), given.ports.cancelled).then(() => true, (error: unknown) => {
    if (error instanceof RolloutError) return false;
    throw error;
  });

/** The one row of every plan, record and report: the app, which has no parts. A version may hold a secret. */
export const rowOf = ({ config: { app }, ports: { log } }: Given, before = '', after = ''): PlannedChange =>
  ({ subject: app, part: '', before: log.redact(before), after: log.redact(after) });

/** What is deployed or gone back to, as far as it is known. */
export type Planned = Pick<Wanted, 'reference' | 'commit'> & { readonly to?: string };

/** Whether what `current` prints says by itself that the version is there: by its digest, or as the name that is gone back to. */
export function isThere({ version }: Before, { reference, to }: Planned): boolean {
  const digest = digestOf(reference);
  return version !== undefined && (to === undefined ? digest !== undefined && version.includes(digest) : version === to);
}

export function stepOf({ config: { app }, command: { deploy, verify, rollback = [] } }: Given, isThere: boolean, { to }: Planned): PlanStep {
  if (isThere) return { stage: 'rollout', title: `verify \`${app}\` without a change: this version is already deployed`, commands: verify ?? [] };
  const [name, commands] = to === undefined ? ['deploy', deploy] as const : ['rollback', rollback] as const;
  return { stage: 'rollout', title: `run \`${name}\` of \`${app}\`${verify ? ', then `verify` until it succeeds' : ''}`, commands };
}

const ofOneMachine = {
  job: 'The record of the run is on this machine, so only its own post step can finish it if it is killed, and only `concurrency` of the workflow prevents two runs at the same time.',
  terminal: 'Nothing finishes the run if it is killed, and nothing prevents two runs at the same time.',
} as const;

export function rollbackOf({ config, command, hasPost }: Given, { version, why = '' }: Before): NonNullable<Plan['rollback']> {
  const not = config.rollback === 'off' ? `${settingText('rollback')} is off.`
    : !command.rollback ? 'There is no `rollback` command: if the run fails, the version that it deployed stays.'
      : version === undefined ? why : undefined;
  return { possible: not === undefined, reason: `${not ?? `If anything fails, \`rollback\` runs, and \`current\` must print ${version} again.`} ${hasPost ? ofOneMachine.job : ofOneMachine.terminal}` };
}
