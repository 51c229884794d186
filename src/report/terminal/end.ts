import type { Outcome } from '../../outcome/outcome.js';
import { shortNames } from '../../outcome/short-name.js';
import { dataLines } from '../data.js';
import { placeName, versionName } from '../places.js';
import { planLines } from '../plan.js';
import { rollbackSentences } from '../rollback.js';
import { environmentWord, settingsSentence, verdictSentence } from '../words.js';
import { colourOf, markOf, type Paint } from './paint.js';
import { cutText, wrapText } from '../../outcome/columns.js';
import { shortenText } from './shorten.js';

/** The end of a run on a terminal: results on one stream, what went wrong on the other. */
export interface TerminalEnd {
  readonly problems: readonly string[];
  readonly results: readonly string[];
}

export interface EndLook {
  readonly rows: Paint;
  readonly problems: Paint;
  readonly verbose: boolean;
  /** Columns; undefined where lines are not wrapped. */
  readonly width?: number;
}

/** The verdict with what it stands on, and for a failure its evidence, its message and what to do. */
export function terminalEnd(outcome: Outcome, look: EndLook): TerminalEnd {
  return { problems: problemLines(outcome, look), results: ['', ...resultLines(outcome, look)] };
}

function problemLines(outcome: Outcome, { problems: paint, width, verbose }: EndLook): readonly string[] {
  const { failure, check } = outcome;
  // The page of a checked pull request lists its problems, and so do the lines before that name each of the settings.
  if (!failure || check || settingsSentence(outcome) !== undefined) return [];
  const wrapped = (text: string): readonly string[] => (verbose ? text : shortenText(text)).split('\n').flatMap((line) => (width === undefined ? [line] : wrapText(line, width - 7)));
  // The first piece is what decided: the log of what failed, the error of the build.
  // With everything shown, the output of a test or build is among the rows already.
  const shown = verbose ? failure.evidence.filter(({ isPrinted }) => !isPrinted) : failure.evidence.slice(0, 1);
  const left = verbose ? 0 : failure.evidence.length - shown.length;
  const evidence = [
    ...shown.flatMap(({ title, text }) => [paint.bold(title), ...text.trimEnd().split('\n').map((line) => paint.dim(`  ${line}`)), '']),
    ...left === 0 ? [] : [paint.dim(`${left} more piece${left === 1 ? '' : 's'} of evidence with --verbose`), ''],
  ];
  const [first = '', ...others] = wrapped(failure.message);
  return [
    '', ...evidence,
    `${paint.red(paint.bold('error:'))} ${first}`, ...others.map((line) => `       ${line}`),
    ...failure.hint === '' ? [] : wrapped(failure.hint).map((line) => `       ${line}`),
  ];
}

function resultLines(outcome: Outcome, look: EndLook): readonly string[] {
  const { rows, verbose, width } = look;
  const { verdict, failure } = outcome;
  const colour = rows[colourOf[verdict]];
  const where = outcome.environment ? ` ${environmentWord(outcome)} ${outcome.environment}` : '';
  const head = `${colour(rows.bold(`${markOf[verdict]} ${verdict}${failure && verdict !== 'failed' ? `: ${failure.cause}` : ''}`))}  ${rows.bold(`${outcome.app}${where}`)}`;
  const said = settingsSentence(outcome) ?? verdictSentence(outcome);
  const full = (text: string): string => (verbose ? text : shortenText(text));
  const indented = (text: string): readonly string[] => (width === undefined ? [full(text)] : wrapText(full(text), width - 2)).map((line) => `  ${line}`);
  return [
    ...outcome.plan && verdict === 'planned' ? [...planLines(outcome.plan).map((line) => planned(line, look)), ''] : [],
    head,
    ...indented(said),
    ...changeLines(outcome, verbose),
    ...(outcome.verified ?? []).flatMap(({ what, seen }) => indented(`${what}: ${seen}`)).map(rows.dim),
    ...dataLines(outcome.data).flatMap(indented),
    ...rollbackSentences(outcome).flatMap(indented),
    ...verdict === 'rollback-failed' && !outcome.rollback?.continued && outcome.undoCommands.length > 0
      ? ['  Roll back by hand:', ...outcome.undoCommands.map((command) => `    ${command}`)] : [],
  ];
}

/** A command is there to be copied, so it is never shortened inside: it is shown up to the width of the terminal, or in full. */
function planned(line: string, { verbose, width }: EndLook): string {
  if (!/^\s+\$ /.test(line)) return verbose ? line : shortenText(line);
  return verbose || width === undefined ? line : cutText(line, width);
}

function changeLines({ changes, verdict, plan }: Outcome, verbose: boolean): readonly string[] {
  if (plan && verdict === 'planned') return [];
  const undone = verdict === 'rolled-back' || verdict === 'rollback-failed';
  const width = Math.max(0, ...changes.map((change) => placeName(change).length));
  return changes.map((change) => {
    const versions = [versionName(change.before), change.after, change.now ?? 'not readable'];
    const [before, after, now] = verbose ? versions : shortNames(versions);
    return `  ${placeName(change).padEnd(width)}  ${undone ? `is ${now}` : `${before} → ${after}`}`;
  });
}
