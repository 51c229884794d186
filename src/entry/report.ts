import { annotationOf, closingLines } from '../report/closing.js';
import { reportJson } from '../report/json.js';
import { bareOutputs, outputs } from '../report/outputs.js';
import { planLines } from '../report/plan.js';
import { redactOutcome, withoutTexts, wordsToKeep } from '../report/redact.js';
import { summary } from '../report/summary.js';
import type { Outcome } from '../outcome/outcome.js';
import type { Ports } from '../ports/ports.js';

/** What is reported at the end of a run, without secrets. */
export interface Told {
  readonly outcome: Outcome;
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** report.json; undefined if it could not be rendered. */
  readonly report?: string;
}

/** What differs between the GitHub runner and a terminal. */
interface Place {
  /** Where report.json is written. */
  readonly reportPath?: string;
  /** Prints the end of the run. */
  readonly print: (outcome: Outcome) => Promise<void> | void;
}

/**
 * Prints the end of the run, writes report.json, and returns what the host writes in its own way. Later steps
 * rely on the verdict, so a part that cannot be rendered is left out with a warning, and the others are still written.
 */
export async function tell(ports: Ports, outcome: Outcome, { reportPath, print }: Place): Promise<Told> {
  const part = async <T>(what: string, work: () => T | Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      // The message may contain a part of what could not be rendered; the log masks secrets in it.
      ports.log.warning(`${what} could not be rendered, which is a bug in this action: ${String(error)}`);
      return otherwise;
    }
  };
  await part('The names of the run', () => { ports.log.keep([...wordsToKeep(outcome), ...reportPath === undefined ? [] : [reportPath]]); }, undefined);
  const safe = await part('The texts of the run', () => redactOutcome(outcome, (text) => ports.log.redact(text)), withoutTexts(outcome));
  await part('The end of the log', () => print(safe), undefined);
  const report = await part('report.json', () => reportJson(safe), undefined);
  const written = report === undefined || reportPath === undefined ? '' : await ports.files.writeText(reportPath, report).then(() => reportPath, (error: unknown) => {
    ports.log.warning(`report.json could not be written: ${String(error)}`);
    return '';
  });
  return {
    outcome: safe, report,
    summary: await part('The summary', () => summaryOf(safe), `### ${outcome.verdict}\n`),
    outputs: await part('The outputs', () => outputs(safe, written), bareOutputs(outcome, written)),
  };
}

/** The summary in Markdown. The check of a pull request has a page of its own, whose code is loaded for it. */
export async function summaryOf(outcome: Outcome): Promise<string> {
  if (!outcome.check) return summary(outcome);
  const { pullRequestPage } = await import('../report/pull-request/page.js');
  return pullRequestPage(outcome, outcome.check, { limit: checkLimit });
}

/** Characters of the summary of a check, whose diffs may be long. The runner drops a summary of more than 1 MiB. */
const checkLimit = 256 * 1024;

/** The end of a run in the log of the GitHub runner. */
export async function printEnd({ log }: Pick<Ports, 'log'>, outcome: Outcome): Promise<void> {
  const plans = [outcome.plan, ...outcome.check?.environments.map(({ plan }) => plan) ?? []];
  for (const line of plans.flatMap((plan) => (plan ? planLines(plan) : []))) log.info(line);
  for (const { title, text, isPrinted } of outcome.failure?.evidence ?? []) {
    if (isPrinted) continue;
    await log.group(title, async () => {
      for (const line of text.split('\n')) log.output(line);
    });
  }
  for (const line of closingLines(outcome)) log.info(line);
  const annotation = annotationOf(outcome);
  if (annotation) log.error(annotation.text, { title: annotation.title, ...annotation.place });
}
