/** A deployment of the tests' GitHub, with the fields that GitHub decides. */
export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly task: string;
  readonly payload: unknown;
  readonly environment: string;
  readonly original_environment: string;
  readonly description: string | null;
  readonly transient_environment: boolean;
  readonly production_environment: boolean;
  readonly creator: { readonly login: string };
  /** Oldest first. */
  readonly statuses: DeploymentStatus[];
}

export interface DeploymentStatus {
  readonly id: number;
  readonly state: string;
  readonly description: string;
  readonly log_url: string;
  readonly target_url: string;
  readonly environment_url: string;
  readonly environment: string;
  readonly creator: { readonly login: string };
}

export interface Comment {
  readonly id: number;
  /** Number of the issue or pull request. */
  readonly issue: number;
  body: string;
  readonly user: { readonly login: string; readonly type: 'Bot' | 'User' };
}

export interface CheckRun {
  readonly id: number;
  readonly head_sha: string;
  /** As it was sent, each change over the ones before. */
  fields: Readonly<Record<string, unknown>>;
}

export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly headSha: string;
  /** Paths that it changes. */
  readonly files: readonly string[];
  readonly state?: 'open' | 'closed';
}

/** What a repository has. Tests read it, and put into it what others have done. */
export class State {
  readonly deployments: Deployment[] = [];
  readonly comments: Comment[] = [];
  readonly checkRuns: CheckRun[] = [];
  readonly pulls: Pull[] = [];
  /** Of every workflow, newest first. */
  readonly workflowRuns: Readonly<Record<string, unknown>>[] = [];
  /** Commits that do not exist. */
  readonly unknownCommits = new Set<string>();
  private last = 1000;

  nextId(): number {
    this.last += 1;
    return this.last;
  }

  /** A deployment that is there, with a status. */
  deployed(fields: Partial<Deployment> & Pick<Deployment, 'sha' | 'environment'>, ...statuses: readonly (Partial<DeploymentStatus> & Pick<DeploymentStatus, 'state'>)[]): Deployment {
    const deployment: Deployment = {
      id: this.nextId(), ref: fields.sha, task: 'deploy', payload: {}, original_environment: fields.environment, description: null,
      transient_environment: false, production_environment: false, creator: { login: 'octocat' }, statuses: [], ...fields,
    };
    this.deployments.push(deployment);
    for (const status of statuses) this.addStatus(deployment, status);
    return deployment;
  }

  addStatus(deployment: Deployment, fields: Partial<DeploymentStatus> & Pick<DeploymentStatus, 'state'>): DeploymentStatus {
    const log = fields.log_url ?? fields.target_url ?? '';
    const status: DeploymentStatus = {
      id: this.nextId(), description: '', environment_url: '', environment: deployment.environment, creator: { login: 'github-actions[bot]' },
      ...fields, log_url: log, target_url: log,
    };
    deployment.statuses.push(status);
    return status;
  }

  /** The last state of each deployment, newest first: `production 5e94acd… success`. */
  get states(): readonly string[] {
    return [...this.deployments].reverse().map(({ environment, sha, statuses }) => `${environment} ${sha.slice(0, 7)} ${statuses.at(-1)?.state ?? 'pending'}`);
  }

  commented(issue: number, body: string, login = 'octocat'): Comment {
    const comment = { id: this.nextId(), issue, body, user: { login, type: login.endsWith('[bot]') ? 'Bot' : 'User' } as const };
    this.comments.push(comment);
    return comment;
  }
}
