import type { ActionResult } from './run-action.js';

export interface Ending {
  readonly verdict: string;
  readonly cause?: string;
  readonly stage?: string;
}

const successes = ['deployed', 'unchanged', 'planned', 'tested', 'built', 'checked', 'backed-up', 'restored'];

/**
 * Compares how a run ended with what was wanted, the exit code included; throws both, and the whole log, when they
 * differ. Processes that outlive a job are never wanted.
 * @param remarks lines that help to understand a difference
 */
export function expectEnding(result: ActionResult, wanted: Ending, remarks: readonly string[] = []): void {
  const got = {
    verdict: result.outputs.verdict, cause: result.outputs.cause || undefined, stage: result.outputs.stage || undefined,
    exitCode: result.exitCode, leftovers: result.leftovers,
  };
  const expected = {
    verdict: wanted.verdict, cause: wanted.cause, stage: wanted.stage ?? got.stage,
    exitCode: successes.includes(wanted.verdict) ? 0 : 1, leftovers: [],
  };
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    // What it said of itself comes first: a long log may be cut by whoever shows it.
    fail([`expected ${JSON.stringify(expected)}`, `     got ${JSON.stringify(got)}`, ...errorsOf(result), ...remarks].join('\n'), result);
  }
}

const errorsOf = ({ commands }: ActionResult): string[] => commands.filter(({ name }) => name === 'error').map(({ message }) => `    said ${message}`);

/** Throws, with the log, when the text is in none or not in all of the places where a user looks for it. */
export function expectTold(result: ActionResult, ...texts: readonly string[]): void {
  const places = { log: result.log, summary: result.summary, report: JSON.stringify(result.report) };
  for (const text of texts) {
    for (const [place, content] of Object.entries(places)) {
      const needle = place === 'report' ? JSON.stringify(text).slice(1, -1) : text;
      if (!content.includes(needle)) fail(`the ${place} does not say ${JSON.stringify(text)}`, result);
    }
  }
}

/** Throws when a secret is anywhere that a run leaves something. The lines that tell the runner to mask it are meant to hold it. */
export function expectHidden(result: ActionResult, secret: string): void {
  const steps = [result, ...(result.post ? [result.post] : [])];
  const unmasked = steps.map((step) => step.raw.split('\n').filter((line) => !line.startsWith('::add-mask::')).join('\n'));
  const written = steps.map((step) => JSON.stringify([step.outputs, step.state, step.summary]));
  if ([...unmasked, ...written, JSON.stringify(result.report) ?? ''].some((text) => text.includes(secret))) {
    throw new Error('a secret was shown or left behind');
  }
}

function fail(message: string, result: ActionResult): never {
  const log = result.lines.filter((line) => !line.text.startsWith('::add-mask::')).map((line) => `${String(line.atMs).padStart(6)} ${line.text}`).join('\n');
  const post = result.post ? `\n--- post (exit ${result.post.exitCode})\n${result.post.log}` : '';
  throw new Error(`${message}\n--- main (exit ${result.exitCode ?? result.signal})\n${log}${post}\n--- summary\n${result.summary}`);
}
