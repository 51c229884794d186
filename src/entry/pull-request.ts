import { dirname } from 'node:path';
import { appName } from '../config/assemble.js';
import { distinctProblems } from '../config/parse-environments.js';
import { loadEnvironments, type LoadedEnvironments } from '../config/load-environments.js';
import { settingsPath } from '../config/parse.js';
import { readEvent, type PullRequestEvent } from '../github/event.js';
import { commitIn } from '../image/git.js';
import { ConfigError } from '../outcome/errors.js';
import type { Outcome } from '../outcome/outcome.js';
import type { Origin } from '../outcome/pull-request.js';
import { filesBelow } from '../ports/files-below.js';
import { JsonError } from '../ports/json.js';
import type { Ports } from '../ports/ports.js';
import type { Run } from '../workflow/run.js';
import { checkPullRequest as check } from '../workflow/pull-request.js';
import { maskInputs, maskSettings, warnOfVisible, withoutPlace, type Request } from './read-config.js';
import { openPublisher } from './publish.js';

/** A request to check a pull request. */
type Checking = Request & Pick<Run, 'startedAt' | 'startedAtWall'>;

/**
 * Checks a pull request, and shows the result in it where the event of the run names one.
 * @throws ConfigError when the code of a fork would be read with the secrets of the repository at hand; nothing was read then
 */
export async function checkPullRequest(given: Ports, request: Checking): Promise<Outcome> {
  const { inputs, facts } = request;
  const secrets = await maskInputs(given, inputs);
  const event = await eventOf(given, request);
  const origin = await whoseCode(given, request, event);
  const publisher = openPublisher(given, request, event);
  // Paths in the settings of a fork, and links in its code, could lead to files of the runner, whose content the page would show.
  const ports = origin === 'fork' ? { ...given, files: filesBelow(given.files) } : given;
  const settings = await readSettings(ports, request, origin);
  warnOfVisible(ports, [...secrets, ...settings.environments.flatMap((each) => ('parsed' in each ? each.parsed.secrets : []))]);
  const { pullRequest } = event;
  const base = pullRequest ? { revision: pullRequest.base, head: pullRequest.head } : { revision: 'origin/HEAD' };
  const outcome = await check({ ...request, ports, settings, origin, base, defaultApp: appName(inputs, facts.repository) });
  return publisher(outcome);
}

async function eventOf({ files }: Ports, { event }: Checking): Promise<PullRequestEvent> {
  if (!event) return { origin: 'own', isPrivileged: false };
  try {
    return await readEvent(files, event.name, event.path);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ConfigError([{ where: 'event', message: `${error.message}, so whose code this is cannot be determined`, hint: 'Run this action in a workflow that starts `on: pull_request`.' }]);
  }
}

/**
 * Whose code is checked out. In a run that has secrets whoever has opened the pull request, it is refused unless its commit is one
 * of the base branch, as it is by default. A step may have put files of a fork over that, so it is still handled as a fork's.
 */
async function whoseCode(ports: Ports, { inputs, facts, event }: Checking, { pullRequest, origin, isPrivileged }: PullRequestEvent): Promise<Origin> {
  if (!isPrivileged) return origin;
  const name = event?.name ?? '';
  const never = `\`${name}\` is never needed for this action: use \`on: pull_request\`.`;
  const trusted = [facts.commit, pullRequest?.base];
  const folders = await Promise.all(['.', dirname(settingsPath(inputs))].map((folder) => ports.files.realPath(folder)));
  const commits = await Promise.all([...new Set(folders.filter((folder) => folder !== undefined))].map((folder) => commitIn(ports, folder)));
  const isBase = commits.every((commit) => commit !== undefined && trusted.includes(commit));
  if (origin === 'fork' && !isBase) {
    throw new ConfigError([{
      where: 'event', message: `code that is not of the base branch is checked out in a run that has the secrets of this repository (\`${name}\`), and it may be of a fork`,
      hint: `Nothing of it was read. ${never}`,
    }]);
  }
  ports.log.warning(`This run has the secrets of the repository, also for pull requests from forks. ${isBase ? 'The settings of the base branch are checked, not those of the pull request. ' : ''}${never}`);
  return origin;
}

/** The settings of every environment. What is wrong is annotated: on GitHub next to the line of the file. */
async function readSettings(ports: Ports, { action, inputs, ambient, facts, annotate }: Checking, origin: Origin): Promise<LoadedEnvironments> {
  const source = { action, inputs, ambient, facts: { defaultApp: facts.repository, env: ports.env } };
  const settings = await loadEnvironments(source, origin, ports.files);
  const { environments } = settings;
  maskSettings(ports, environments.flatMap((each) => ('parsed' in each ? [each.parsed] : [])));
  const warnings = distinctProblems([settings.warnings, ...environments.map((each) => ('parsed' in each ? each.parsed.warnings : []))]);
  for (const warning of warnings) annotate('warning', withoutPlace(warning), warning);
  const problems = distinctProblems(environments.map((each) => ('problems' in each ? each.problems : [])));
  for (const problem of problems) annotate('error', withoutPlace(problem), problem);
  return settings;
}
