import { readGitFacts } from '../host/terminal.js';
import { ConfigError } from '../outcome/errors.js';
import type { History, HistoryRun } from '../outcome/history.js';
import { placeWords, settingText } from '../outcome/place-words.js';
import type { Config } from '../config/config.js';
import type { Ports } from '../ports/ports.js';
import { figuresOf, pastOf } from '../record/figures.js';
import type { Ledger, PastRun } from '../record/ledger.js';
import { ofRepository } from '../record/repository.js';
import { kindOf } from '../target/kinds.js';
import { readConfig, warnOfSettings } from './read-config.js';
import { inFolder } from './runner-ports.js';

/** The settings that name a record. */
export interface HistoryRequest {
  readonly id: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly ambient: readonly string[];
}

/**
 * Reads what is recorded of the app that the settings name. Nothing is changed.
 * @param folder private folder of the run
 * @throws DeployError when the settings are not valid, or the record cannot be read
 */
export async function readHistory(ports: Ports, { id, inputs, ambient }: HistoryRequest, folder: string): Promise<History> {
  const facts = await readGitFacts(ports.process);
  // A rollback has the settings that name a record, and needs no others.
  const read = await readConfig(ports, { action: 'rollback', inputs, ambient, facts }).catch((error: unknown) => { throw inOwnWords(error); });
  warnOfSettings(ports, read);
  const { config } = read;
  const kind = await kindOf(config, 'by record');
  if (!kind || config.command) {
    throw new ConfigError([{ where: 'settings', message: 'a deployment by `command` keeps no record between jobs', hint: 'Only deployments to a cluster have a history.' }]);
  }
  const target = await kind.open({ ports: inFolder(folder, ports), facts, id, folder, hasPost: false }, config, 'finish');
  try {
    return historyOf(config, target.ledger, target.namespace, ports.clock.now());
  } finally {
    await target.close?.();
  }
}

/** A rollback that names no app has nothing to roll back, which is no word for a history. */
function inOwnWords(error: unknown): unknown {
  const [problem, ...others] = error instanceof ConfigError ? error.problems : [];
  if (problem?.where !== 'settings' || others.length > 0) return error;
  return new ConfigError([{ where: 'settings', message: 'no app is named', hint: `Set ${settingText('app')} or ${settingText('image')}, ${placeWords().givenWhere}.` }]);
}

/** Of the repository that the settings name, if they name one: two apps can share a record. */
export function historyOf(
  { app, environment, image }: Pick<Config, 'app' | 'environment' | 'image'>, ledger: Ledger | undefined, namespace: string | undefined, now: number,
): History {
  const past = pastOf(ledger?.past ?? [], image);
  const releases = image === undefined ? ledger?.releases ?? [] : ofRepository(ledger?.releases ?? [], image);
  return {
    app, environment, namespace, figures: figuresOf(past, now), runs: past.flatMap(runOf),
    releases: releases.map(({ reference, commit, runUrl, at, verified, contents }) =>
      ({ reference, commit, runUrl, at, verified, withdrawn: contents.some(({ withdrawnAt }) => withdrawnAt !== undefined) })),
  };
}

const verdicts: Readonly<Record<string, HistoryRun['verdict']>> = { verified: 'deployed', restored: 'rolled-back', unverified: 'rollback-failed' };

function runOf({ result, wentBack = false, ...run }: PastRun): readonly HistoryRun[] {
  const verdict = verdicts[result];
  const { id, changedAt, endedAt, commit, committedAt, cause } = run;
  return verdict === undefined ? [] : [{ id, verdict, changedAt, endedAt, commit, committedAt, cause, wentBack }];
}
