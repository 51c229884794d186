import { join } from 'node:path';
import type { BuildConfig } from '../config/config.js';
import type { Ports } from '../ports/ports.js';
import type { RunFacts } from '../ports/run-facts.js';
import { readCheckout, type Changes, type Checkout } from './git.js';

/** What is known of the commit that is built. */
export interface Source {
  /** The full sha; with uncommitted changes `SHA-dirty-HASH`, because the image then differs from the commit. */
  readonly revision: string;
  /** Time of the commit, seconds since 1970. */
  readonly committedAt?: number;
  /** Address of the repository. */
  readonly url?: string;
  /** The version tag of the image, if there is one. */
  readonly version?: string;
}

/** The source of a run, with notes and warnings about it. */
export interface SourceFacts {
  /** Undefined when neither git nor the event names a commit. */
  readonly source?: Source;
  /** Whether the commit of the event is checked out and on the default branch. */
  readonly onDefaultBranch: boolean;
  /** Why another commit than that of the event is used. */
  readonly notes: readonly string[];
  /** Why `latest` is not moved, where that is not obvious. */
  readonly latestLeftAlone?: string;
  readonly warnings: readonly string[];
  /** Why the repository cannot be read. */
  readonly unreadable?: string;
}

type SourcePorts = Pick<Ports, 'process' | 'files' | 'env' | 'cancelled'>;

/**
 * The commit whose files are built: HEAD of the repository of the context, else of that of the working directory. The
 * commit of the event is only the fallback, because a workflow can check out any commit.
 */
export async function readSource(ports: SourcePorts, facts: RunFacts, build: Pick<BuildConfig, 'context' | 'dockerfile'> = { context: '.' }): Promise<SourceFacts> {
  const checkout = await checkoutOf(ports, build);
  const server = ports.env['GITHUB_SERVER_URL'];
  const url = facts.repository && server ? `${server}/${facts.repository}` : undefined;
  if (checkout.state === 'known') return ofCheckout(ports, facts, checkout, url);
  const source = facts.commit === undefined ? undefined : { revision: facts.commit, url };
  const readable = checkout.state === 'none' && !isRemoteContext(build.context);
  const known = { source, notes: [], ...latest(ports, facts, facts.defaultBranch, readable ? undefined : 'the commit that is built is unknown') };
  if (isRemoteContext(build.context)) {
    const taken = facts.commit === undefined ? '' : `; the image is named after ${nameOf(ports, facts)}, ${facts.commit}`;
    return { ...known, warnings: [`The context ${withoutLogin(build.context)} is fetched by the builder, so the commit that is built is unknown here${taken}.`] };
  }
  if (checkout.state === 'none') return { ...known, warnings: [] };
  const unreadable = [`Git cannot read the repository of the context: ${checkout.reason}.`, checkout.hint].filter(Boolean).join(' ');
  return { ...known, unreadable, warnings: source ? [`${unreadable} The image is named after ${nameOf(ports, facts)}, ${source.revision}; it is unknown whether that commit is built.`] : [] };
}

/** Describes where the commit in the facts of the run comes from. */
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
  const reason = isOther ? `${head} is not ${nameOf(ports, facts)}` : changes ? 'there are uncommitted changes' : undefined;
  return {
    source,
    notes: isOther ? [`The checked-out commit ${head} is built. Tag, labels and record name it, not ${facts.commit}, which is ${nameOf(ports, facts)}.`] : [],
    warnings: changes ? [uncommitted(changes, revision)] : [],
    ...latest(ports, facts, facts.defaultBranch ?? checkout.defaultBranch, reason),
  };
}

const shownPaths = 5;

function uncommitted({ paths }: Changes, revision: string): string {
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : '';
  return `Tracked files have uncommitted changes (${paths.slice(0, shownPaths).join(', ')}${more}), so the image does not match the commit. It is named ${revision}.`;
}

/** Whether `latest` moves, and why not in cases where users would expect it to. */
function latest(
  { env }: SourcePorts, { branch }: RunFacts, defaultBranch: string | undefined, reason: string | undefined,
): Pick<SourceFacts, 'onDefaultBranch' | 'latestLeftAlone'> {
  // For a tag or a pull request nobody expects `latest` to move.
  if (branch === undefined) return { onDefaultBranch: false, ...(!env['GITHUB_REF'] && { latestLeftAlone: 'the branch of this run is unknown' }) };
  if (defaultBranch === undefined) return { onDefaultBranch: false, latestLeftAlone: `whether ${branch} is the default branch is unknown: neither the event nor git names the default branch` };
  if (branch !== defaultBranch) return { onDefaultBranch: false };
  return reason === undefined ? { onDefaultBranch: true } : { onDefaultBranch: false, latestLeftAlone: reason };
}

/** The web address of a git remote: `git@github.com:acme/api.git` → `https://github.com/acme/api`. Undefined for a path. */
export function addressOf(remote: string | undefined): string | undefined {
  const [, host, path] = /^(?:https?:\/\/|ssh:\/\/|git:\/\/)(?:[^/@]*@)?([^/]+)\/(.+?)(?:\.git)?\/?$/.exec(remote ?? '')
    ?? /^[\w.-]+@([\w.-]+):(?!\/)(.+?)(?:\.git)?\/?$/.exec(remote ?? '') ?? [];
  return host !== undefined && path !== undefined ? `https://${host.replace(/:\d+$/, '')}/${path}` : undefined;
}
