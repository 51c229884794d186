import { array, nullish, number, object, string, unknown } from 'valibot';
import { readGitHub, type GitHub } from '../ports/github.js';
import { readPayload, type Payload } from './payload.js';

/** https://docs.github.com/rest/deployments/statuses */
type DeploymentState = 'error' | 'failure' | 'inactive' | 'in_progress' | 'queued' | 'pending' | 'success';

/** A deployment as GitHub records it. */
export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly task: string;
  /** Undefined for one that was not created by this action; `null` for one with no payload at all. */
  readonly payload: Payload | null | undefined;
}

export interface DeploymentStatus {
  readonly id: number;
  /** As GitHub calls it: one of `DeploymentState`, or `waiting`, which only GitHub sets. */
  readonly state: string;
  readonly logUrl?: string;
}

interface NewDeployment {
  /** Full sha of the commit. */
  readonly commit: string;
  readonly environment: string;
  /** At most 140 characters. */
  readonly description: string;
  readonly production: boolean;
  readonly transient: boolean;
  readonly payload: Payload;
}

interface NewStatus {
  readonly state: DeploymentState;
  /** At most 140 characters. */
  readonly description: string;
  readonly logUrl?: string;
  readonly environmentUrl?: string;
}

/** The deployments of one repository. Every function rejects like `readGitHub`. */
export interface DeploymentsApi {
  /** The newest 100 of an environment, newest first. */
  list(environment: string, signal: AbortSignal): Promise<readonly Deployment[]>;
  /** @returns its id */
  create(wanted: NewDeployment, signal: AbortSignal): Promise<number>;
  /** Undefined while it has none. */
  lastStatus(id: number, signal: AbortSignal): Promise<DeploymentStatus | undefined>;
  setStatus(id: number, status: NewStatus, signal: AbortSignal): Promise<void>;
}

const deployments = array(object({ id: number(), sha: string(), task: string(), payload: unknown() }));
const statuses = array(object({ id: number(), state: string(), log_url: nullish(string()), target_url: nullish(string()) }));

/** @param repository `owner/name` */
export function deploymentsApi(github: GitHub, repository: string): DeploymentsApi {
  const [owner = '', repo = ''] = repository.split('/');
  const at = { owner, repo };
  return {
    list: async (environment, signal) => {
      const found = await readGitHub(github, { route: 'GET /repos/{owner}/{repo}/deployments', parameters: { ...at, environment, per_page: 100 }, signal }, deployments);
      return found.map(({ payload, ...each }) => ({ ...each, payload: readPayload(payload) })).sort((a, b) => b.id - a.id);
    },
    create: async (wanted, signal) => {
      // GitHub would merge the default branch into the commit, and wait for its checks. What is deployed is decided here.
      const parameters = {
        ...at, ref: wanted.commit, task: 'deploy', auto_merge: false, required_contexts: [], payload: wanted.payload, environment: wanted.environment,
        description: wanted.description, transient_environment: wanted.transient, production_environment: wanted.production,
      };
      return (await readGitHub(github, { route: 'POST /repos/{owner}/{repo}/deployments', parameters, signal }, object({ id: number() }))).id;
    },
    lastStatus: async (id, signal) => {
      const route = 'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses';
      const found = await readGitHub(github, { route, parameters: { ...at, deployment_id: id, per_page: 10 }, signal }, statuses);
      const last = [...found].sort((a, b) => b.id - a.id)[0];
      const logUrl = last?.log_url || last?.target_url || undefined;
      return last && { id: last.id, state: last.state, ...logUrl !== undefined && { logUrl } };
    },
    setStatus: async (id, { state, description, logUrl, environmentUrl }, signal) => {
      // Which others become inactive is decided here, by app: GitHub would do it by environment alone.
      const parameters = { ...at, deployment_id: id, state, description, log_url: logUrl, environment_url: environmentUrl, auto_inactive: false };
      // A status that is set twice says the same as one.
      await github.send({ route: 'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', parameters, signal, repeatable: true });
    },
  };
}
