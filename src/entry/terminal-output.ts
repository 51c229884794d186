import { annotateIn } from '../ports/log.js';
import { printEnd } from './report.js';
import { openScreen, type OpenScreen, type ScreenOptions } from './terminal-screen.js';

interface OutputOptions extends ScreenOptions {
  /** `--log json`. */
  readonly isJsonLog: boolean;
}

/** What a terminal shows of a run: rows for a person, or JSON for a program. */
export async function openOutput(env: NodeJS.ProcessEnv, options: OutputOptions, ids: { readonly run: string; readonly trace?: string }): Promise<OpenScreen> {
  if (!options.isJsonLog) return openScreen(env, options);
  const { openJsonOutput } = await import('./json-output.js');
  // The report of --json is alone on the standard output.
  const stream = options.json ? process.stderr : process.stdout;
  const { log, hear } = openJsonOutput((text) => { stream.write(text); }, 'any', ids);
  return {
    log, hear, printEnd: (outcome) => printEnd({ log }, outcome), printPage: (text) => { log.info(text); }, annotate: annotateIn(log), close: () => undefined,
  };
}
