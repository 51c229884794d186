import { annotationOf, closingLines } from '../report/closing.js';
import { reportJson } from '../report/json.js';
import { outputs } from '../report/outputs.js';
import { planLines } from '../report/plan.js';
import { redactOutcome, wordsToKeep } from '../report/redact.js';
import { summary } from '../report/summary.js';
import type { Outcome } from '../outcome/outcome.js';
import type { Ports } from '../ports/ports.js';

/** Everything that is told at the end of a run, with every secret taken out. */
export interface Told {
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Prints the end of the log, writes report.json to `reportPath`, and gives back what the host writes in its own way. */
export async function tell(ports: Ports, outcome: Outcome, reportPath: string): Promise<Told> {
  ports.log.keep([...wordsToKeep(outcome), reportPath]);
  const safe = redactOutcome(outcome, (text) => ports.log.redact(text));
  for (const line of safe.plan ? planLines(safe.plan) : []) ports.log.info(line);
  for (const { title, text } of safe.failure?.evidence ?? []) {
    await ports.log.group(title, async () => {
      for (const line of text.split('\n')) ports.log.output(line);
    });
  }
  for (const line of closingLines(safe)) ports.log.info(line);
  const annotation = annotationOf(safe);
  if (annotation) ports.log.error(annotation.text, { title: annotation.title });
  const written = await ports.files.writeText(reportPath, reportJson(safe)).then(() => reportPath, (error: unknown) => {
    ports.log.warning(`report.json could not be written: ${String(error)}`);
    return '';
  });
  return { summary: summary(safe), outputs: outputs(safe, written) };
}
