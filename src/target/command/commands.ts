import type { CommandConfig } from '../../config/config.js';
import { parseDigest } from '../../config/values/digest.js';
import { digestOf } from '../../image/reference.js';
import { ClusterError, RolloutError } from '../../outcome/errors.js';
import { plainLine } from '../../outcome/plain.js';
import { retry, steadily } from '../../ports/retry.js';
import { explainFailure } from '../../script/explain.js';
import { lastOutput, runScript } from '../../script/run-script.js';
import type { Given as GivenTarget } from '../under-lock.js';

/** A run that deploys by commands, with its settings. */
export interface Given extends GivenTarget {
  readonly command: CommandConfig;
}

/** What a command is told of a version; each is empty when it is not known. */
export interface Version {
  readonly reference: string;
  readonly commit: string;
  /** What `current` printed of the version before; of a rollback, of the one that it goes back to. */
  readonly previous: string;
}

/** A version of which nothing is known but what `current` printed of it, which may be a digest or the reference of an image. */
export function earlier({ config: { image } }: Pick<Given, 'config'>, printed: string): Version {
  const reference = image !== undefined && parseDigest(printed).ok ? `${image}@${printed}` : printed;
  return { reference: digestOf(reference) === undefined ? '' : reference, commit: '', previous: printed };
}
const none: Version = { reference: '', commit: '', previous: '' };

/** For what only looks: where it hangs, it is run again. */
export const looksForMs = 60_000;

/**
 * Runs one of the commands to its end.
 * @returns the last line that it printed on its standard output, without colours
 * @throws RolloutError command-failed; CommandError when bash cannot be started; what `signal` aborts with
 */
export async function runCommand(given: Given, name: 'deploy' | 'current' | 'verify' | 'rollback', version: Version, signal: AbortSignal): Promise<string> {
  const { ports, config, id, command: { workingDirectory, timeoutMs, [name]: lines = [] } } = given;
  const env = {
    DEPLOY_REFERENCE: version.reference, DEPLOY_DIGEST: digestOf(version.reference) ?? '', DEPLOY_COMMIT: version.commit,
    DEPLOY_PREVIOUS: version.previous, DEPLOY_ENVIRONMENT: config.environment ?? '', DEPLOY_RUN: id,
  };
  const isLook = name === 'current' || name === 'verify';
  const script = { name, lines, workingDirectory, env, withinMs: isLook ? Math.min(looksForMs, timeoutMs) : timeoutMs };
  let printed = '';
  const run = async (): Promise<void> => {
    if (!isLook) for (const line of lines) ports.log.command(line);
    const ran = await runScript(ports, script, signal, (line, stream) => {
      if (!isLook) ports.log.output(line);
      if (stream === 'stdout') printed = plainLine(line).trim() || printed;
    });
    if (ran.code === 0 && !ran.isLate) return;
    const { message, hint } = explainFailure(ran, `\`${name}\``, `command.${name}`);
    throw new RolloutError('command-failed', message, { hint, evidence: lastOutput(ran, `\`${name}\``) });
  };
  await (isLook ? run() : ports.log.group(name, run));
  return printed;
}

/** A name is shorter: what is longer may have been cut where it came from, and would not be the name any more. */
const longestName = 1000;

/** What `current` prints; undefined when it prints nothing. @throws as `runCommand`, also where it prints what is no name */
export async function current(given: Given, signal: AbortSignal): Promise<string | undefined> {
  const printed = (await runCommand(given, 'current', none, signal)) || undefined;
  if (printed !== undefined && printed.length > longestName) {
    throw new RolloutError('command-failed', `\`current\` printed a line of ${printed.length} characters, which is not the name of a version.`, {
      hint: `Make \`current\` print a name of at most ${longestName} characters on its last line: a revision, a digest or a commit.`,
    });
  }
  given.ports.log.progress('rollout', '`current`', printed ?? 'printed nothing');
  return printed;
}

/**
 * Tries every 5 s until it succeeds, for so long; then the last failure is thrown.
 * @param what is tried, for a progress line; undefined when its output is shown elsewhere
 */
export const until = <T>({ ports: { clock, log } }: Given, forMs: number, signal: AbortSignal, attempt: () => Promise<T>, what?: string): Promise<T> => {
  const onWait = (error: unknown): void => {
    if (what === undefined || !(error instanceof RolloutError)) return;
    log.progress('rollout', what, `not yet: ${error.evidence[0]?.text.split('\n').at(-1) ?? error.message}`);
  };
  const policy = { delaysMs: steadily(5000), untilMs: clock.monotonic() + forMs, signal, retryable: (error: unknown) => error instanceof RolloutError, onWait };
  return retry(clock, policy, attempt);
};

export const superseded = (printed: string | undefined): ClusterError =>
  new ClusterError('superseded', `\`current\` prints ${printed ?? 'nothing'}: someone else deployed during the run.`, { hint: othersHint });
const othersHint = 'Their version was not overwritten. Find out who else deploys, then run again. If no one does, `current` prints something that changes by itself, such as a time or a count: make it print a name that stays the same.';

export type Expected = { readonly is: string } | { readonly isNot: string | undefined };

/** Waits until `current` prints this version, or any other than this one. @throws RolloutError command-failed with what it prints instead */
export function untilCurrent(given: Given, forMs: number, signal: AbortSignal, expected: Expected): Promise<string | undefined> {
  return until(given, forMs, signal, async () => {
    const printed = await current(given, signal);
    // Printing nothing is no other version: it is not known which one there is.
    if ('is' in expected ? printed === expected.is : printed !== undefined && printed !== expected.isNot) return printed;
    throw new RolloutError('command-failed', `\`current\` prints ${printed ?? 'nothing'}${'is' in expected ? `, not ${expected.is}` : printed === undefined ? '' : ', as before'}.`);
  });
}
