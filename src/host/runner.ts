import * as core from '@actions/core';
import { appendFileSync, statSync } from 'node:fs';
import type { Files } from '../ports/files.js';
import type { RunFacts } from '../ports/run-facts.js';

type Env = Readonly<Record<string, string | undefined>>;

/*
 * Exchanges values with the runner, through `@actions/core`, which knows the variables and the format of the files
 * (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands) and reads `process.env` itself.
 * Without these variables there is no runner, and nothing is written: core would print the commands of old runners.
 */

/**
 * The inputs that were given, by the names of `action.yml`, without white space around them. An input that was not given is
 * absent.
 */
export function readInputs(names: readonly string[]): Readonly<Record<string, string>> {
  const given = names.map((name) => [name, core.getInput(name)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ''));
}

/**
 * Names under `with:` that are not inputs of the action: the runner warns of them and passes them on like any other
 * (actions/runner, Handler.cs). In lower case, because the capitals are lost. The inputs of a composite action around the
 * step are ignored: GitHub's runner does not pass them to its steps, but act, Gitea and Forgejo do.
 */
export function unknownInputs(env: Env, names: readonly string[]): Readonly<Record<string, string>> {
  if (env['GITHUB_ACTION_PATH'] && (env['ACT'] || env['GITEA_ACTIONS'] || env['FORGEJO_ACTIONS'])) return {};
  const known = new Set(names.map(variableOf));
  const given = Object.entries(env).filter(([variable, value]) => variable.startsWith('INPUT_') && !known.has(variable) && value?.trim());
  return Object.fromEntries(given.map(([variable, value]) => [variable.slice('INPUT_'.length).toLowerCase(), value?.trim() ?? '']));
}

const variableOf = (name: string): string => `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`;

/**
 * Events that run on the default branch whatever they are about, `GITHUB_REF` being that branch. The payload of
 * `schedule` names no repository: https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
const onDefaultBranch: ReadonlySet<string> = new Set([
  'branch_protection_rule', 'check_run', 'check_suite', 'delete', 'discussion', 'discussion_comment', 'fork', 'gollum', 'issue_comment',
  'issues', 'label', 'milestone', 'public', 'repository_dispatch', 'schedule', 'status', 'watch', 'workflow_run',
]);

/**
 * What the runner knows of the run. The default branch is in most events; a missing or broken event only leaves it
 * undefined, as a deployment does not depend on it.
 */
export async function readRunFacts(env: Env, files: Pick<Files, 'readText'>): Promise<RunFacts> {
  const event = await readEvent(env, files);
  const [server, repository, runId] = [env['GITHUB_SERVER_URL'], env['GITHUB_REPOSITORY'], env['GITHUB_RUN_ID']];
  const attempt = env['GITHUB_RUN_ATTEMPT'];
  const onRetry = attempt && attempt !== '1' ? `/attempts/${attempt}` : '';
  const branch = env['GITHUB_REF']?.startsWith('refs/heads/') ? env['GITHUB_REF'].slice('refs/heads/'.length) : undefined;
  return {
    commit: given(env['GITHUB_SHA']),
    branch,
    defaultBranch: defaultBranchOf(event) ?? (onDefaultBranch.has(env['GITHUB_EVENT_NAME'] ?? '') ? branch : undefined),
    repository: given(repository),
    actor: given(env['GITHUB_ACTOR']),
    runUrl: server && repository && runId ? `${server}/${repository}/actions/runs/${runId}${onRetry}` : undefined,
  };
}

const given = (value: string | undefined): string | undefined => (value ? value : undefined);

async function readEvent(env: Env, files: Pick<Files, 'readText'>): Promise<unknown> {
  const path = env['GITHUB_EVENT_PATH'];
  if (!path) return undefined;
  try {
    // Every event has another shape, and one field is read of it. It is read before the first stage, where nothing is loaded to check it.
    return JSON.parse(await files.readText(path) ?? 'null');
  } catch {
    return undefined;
  }
}

function defaultBranchOf(event: unknown): string | undefined {
  const repository = property(event, 'repository');
  const branch = property(repository, 'default_branch');
  return typeof branch === 'string' && branch !== '' ? branch : undefined;
}

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** What the main step saved under this name; empty when it saved nothing. */
export const readState = (name: string): string => core.getState(name);

/** Keeps a value for the post step. Rejects when the runner's file cannot be written. */
export async function saveState(name: string, value: string): Promise<void> {
  if (process.env['GITHUB_STATE']) core.saveState(name, value);
}

/** Writes outputs of the step as they are: secrets were removed before. Rejects when the runner's file cannot be written. */
export async function writeOutputs(outputs: Readonly<Record<string, string>>): Promise<void> {
  if (!process.env['GITHUB_OUTPUT']) return;
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
}

/** The runner drops a larger summary of a step completely. Bytes of UTF-8. */
const summaryLimit = 1024 * 1024;

const cutNotice = '\n\n*The summary was cut here: GitHub accepts at most 1 MiB for a step. The log has the rest.*\n';

/** Adds to the summary of the step, as much as there is room for. Rejects when the runner's file cannot be written. */
export async function appendSummary(markdown: string): Promise<void> {
  const path = process.env['GITHUB_STEP_SUMMARY'];
  if (!path) return;
  const written = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  // Not core.summary, with which each start of a step would load node:fs/promises.
  appendFileSync(path, fitSummary(`${markdown}\n`, summaryLimit - written));
}

/** The text, cut after a whole line and with a sentence about it when it has more than `room` bytes. */
export function fitSummary(markdown: string, room: number): string {
  const bytes = Buffer.from(markdown);
  if (bytes.length <= room) return markdown;
  const space = room - Buffer.byteLength(cutNotice);
  if (space <= 0) return '';
  const cut = bytes.subarray(0, space).toString('utf8');
  return cut.slice(0, cut.lastIndexOf('\n') + 1) + cutNotice;
}
