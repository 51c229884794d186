import { join } from 'node:path';
import type { BuildConfig } from '../config/config.js';
import type { Ports } from '../ports/ports.js';
import type { RunFacts } from '../ports/run-facts.js';
import { readCheckout, type Changes, type Checkout } from './git.js';

/** What is known of the commit that is built. */
export interface Source {
  /** The full sha; with uncommitted changes `SHA-dirty-HASH`, since such an image is not the commit's. */
  readonly revision: string;
  /** Time of the commit, seconds since 1970. */
  readonly committedAt?: number;
  /** Address of the repository. */
  readonly url?: string;
  /** The version that the image is of: its version tag, when there is one. */
  readonly version?: string;
}

/** The source of a run, and what has to be said about it. */
export interface SourceFacts {
  /** Undefined when neither git nor the event names a commit. */
  readonly source?: Source;
  /** Whether what is checked out is the commit of the default branch that the event names. */
  readonly onDefaultBranch: boolean;
  /** Why another commit than that of the event is taken. */
  readonly notes: readonly string[];
  /** Why `latest` is not moved, where that is not obvious. */
  readonly latestLeftAlone?: string;
  readonly warnings: readonly string[];
  /** Why nothing is known. */
  readonly unreadable?: string;
}

type SourcePorts = Pick<Ports, 'process' | 'files' | 'env' | 'cancelled'>;

/**
 * The commit whose files are built: HEAD of the repository that the context is in, else of the one that the run is in.
 * What the event says is the last resort: a workflow may check out anything.
 */
export async function readSource(ports: SourcePorts, facts: RunFacts, build: Pick<BuildConfig, 'context' | 'dockerfile'> = { context: '.' }): Promise<SourceFacts> {
  const checkout = await checkoutOf(ports, build);
  const server = ports.env['GITHUB_SERVER_URL'];
  const url = facts.repository && server ? `${server}/${facts.repository}` : undefined;
  if (checkout.state === 'known') return ofCheckout(ports, facts, checkout, url);
  const source = facts.commit === undefined ? undefined : { revision: facts.commit, url };
  const readable = checkout.state === 'none' && !isRemoteContext(build.context);
  const known = { source, notes: [], ...latest(ports, facts, facts.defaultBranch, readable ? undefined : 'which commit is built is not known') };
  if (isRemoteContext(build.context)) {
    const taken = facts.commit === undefined ? '' : `; the image is called by ${nameOf(ports, facts)}, ${facts.commit}`;
    return { ...known, warnings: [`The context ${withoutLogin(build.context)} is fetched by the builder, and which commit of it is built is not known here${taken}.`] };
  }
  if (checkout.state === 'none') return { ...known, warnings: [] };
  const unreadable = [`Git cannot read the repository of the context: ${checkout.reason}.`, checkout.hint].filter(Boolean).join(' ');
  return { ...known, unreadable, warnings: source ? [`${unreadable} The image is called by ${nameOf(ports, facts)}, ${source.revision}; whether that is what is built is not known.`] : [] };
}

/** What the commit of the run's facts is. */
const nameOf = ({ env }: SourcePorts, { commit }: RunFacts): string => (env['GITHUB_SHA'] === commit ? 'the commit of the event (GITHUB_SHA)' : 'the commit of the working directory');

/** The Dockerfile that a build reads; both paths are relative to the workspace. */
export const dockerfileOf = ({ context, dockerfile }: Pick<BuildConfig, 'context' | 'dockerfile'>): string => dockerfile ?? join(context, 'Dockerfile');

/** Contexts that are not folders: https://docs.docker.com/build/concepts/context/ */
export const isRemoteContext = (context: string): boolean => /^(?:https?|git|ssh):\/\/|^git@|^github\.com\//.test(context);
const withoutLogin = (address: string): string => address.replace(/\/\/[^/@]*@/, '//');

async function checkoutOf(ports: SourcePorts, { context, dockerfile }: Pick<BuildConfig, 'context' | 'dockerfile'>): Promise<Checkout> {
  if (isRemoteContext(context)) return { state: 'none' };
  const ofContext = await readCheckout(ports, context, dockerfile === undefined ? [] : [dockerfile]);
  return ofContext.state === 'none' && context !== '.' ? readCheckout(ports, '.') : ofContext;
}

function ofCheckout(ports: SourcePorts, facts: RunFacts, checkout: Extract<Checkout, { state: 'known' }>, url: string | undefined): SourceFacts {
  const { head, committedAt, changes } = checkout;
  const revision = changes ? `${head}-dirty-${changes.fingerprint}` : head;
  const isOther = facts.commit !== undefined && facts.commit !== head;
  const source = { revision, committedAt, url: (isOther ? addressOf(checkout.origin) : undefined) ?? url };
  const reason = isOther ? `${head} is not ${nameOf(ports, facts)}` : changes ? 'what is built has uncommitted changes' : undefined;
  return {
    source,
    notes: isOther ? [`The commit that is checked out, ${head}, is what is built: tag, labels and record name it, and not ${facts.commit}, which is ${nameOf(ports, facts)}.`] : [],
    warnings: changes ? [uncommitted(changes, revision)] : [],
    ...latest(ports, facts, facts.defaultBranch ?? checkout.defaultBranch, reason),
  };
}

const shownPaths = 5;

function uncommitted({ paths }: Changes, revision: string): string {
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : '';
  return `Tracked files have uncommitted changes (${paths.slice(0, shownPaths).join(', ')}${more}), so this is not the image of the commit: it is called ${revision}.`;
}

/** Whether `latest` moves, and why not where a person would expect it to. */
function latest(
  { env }: SourcePorts, { branch }: RunFacts, defaultBranch: string | undefined, reason: string | undefined,
): Pick<SourceFacts, 'onDefaultBranch' | 'latestLeftAlone'> {
  // A tag or a pull request is no branch, and nobody expects `latest` to move.
  if (branch === undefined) return { onDefaultBranch: false, ...(!env['GITHUB_REF'] && { latestLeftAlone: 'on which branch this runs is not known' }) };
  if (defaultBranch === undefined) return { onDefaultBranch: false, latestLeftAlone: `whether ${branch} is the default branch is not known: neither the event nor git says which one is` };
  if (branch !== defaultBranch) return { onDefaultBranch: false };
  return reason === undefined ? { onDefaultBranch: true } : { onDefaultBranch: false, latestLeftAlone: reason };
}

/** The address for people of what git fetches from: `git@github.com:acme/api.git` → `https://github.com/acme/api`. Undefined for a path. */
export function addressOf(remote: string | undefined): string | undefined {
  const [, host, path] = /^(?:https?:\/\/|ssh:\/\/|git:\/\/)(?:[^/@]*@)?([^/]+)\/(.+?)(?:\.git)?\/?$/.exec(remote ?? '')
    ?? /^[\w.-]+@([\w.-]+):(?!\/)(.+?)(?:\.git)?\/?$/.exec(remote ?? '') ?? [];
  return host !== undefined && path !== undefined ? `https://${host.replace(/:\d+$/, '')}/${path}` : undefined;
}
