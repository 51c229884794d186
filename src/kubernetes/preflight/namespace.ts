import type { Namespace } from 'kubernetes-types/core/v1';
import { didYouMean, suggestion } from '../../config/kit/did-you-mean.js';
import { ApiError, type Api } from '../client/api.js';
import { nameOf, type List, type ObjectOf } from '../client/objects.js';
import type { Finding } from '../../outcome/finding.js';
import { settingText } from '../../outcome/place-words.js';

/** `unknown` where the account is not allowed to see it. */
type NamespaceState = 'there' | 'terminating' | 'absent' | 'unknown';

/** The namespace of a run. */
export interface NamespaceOfRun {
  readonly namespace: string;
  /** Whether the setting `namespace` names it, and not the kubeconfig. */
  readonly isSetting: boolean;
  /** The one that the context of the kubeconfig names. */
  readonly ofContext?: string;
}

/** What shows which namespace was meant. */
export interface NamespaceClues extends NamespaceOfRun {
  /** Of the account, to the API server. */
  readonly username?: string;
  readonly state: NamespaceState;
  /** All namespaces; empty where the account is not allowed to list them. */
  readonly existing: readonly string[];
}

/** Reads the namespace and, if it is not there, the names of the others. */
export async function readNamespace(api: Api, run: NamespaceOfRun, username: string | undefined, signal: AbortSignal): Promise<NamespaceClues> {
  const state = await namespaceState(api, run.namespace, signal);
  if (state === 'there' || state === 'terminating') return { ...run, username, state, existing: [] };
  const listed = await namespaces(api, signal);
  // An account may be allowed to list them, but not to get this one.
  const own = state === 'unknown' ? listed.find(({ metadata }) => metadata?.name === run.namespace) : undefined;
  return own ? { ...run, username, state: stateOf(own), existing: [] } : { ...run, username, state, existing: listed.map(nameOf) };
}

async function namespaceState(api: Api, namespace: string, signal: AbortSignal): Promise<NamespaceState> {
  try {
    return stateOf(await api.get<ObjectOf<Namespace>>(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, { signal }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.status === 404 && error.reason === 'NotFound' ? 'absent' : 'unknown';
  }
}

const stateOf = ({ status }: ObjectOf<Namespace>): 'there' | 'terminating' => (status?.phase === 'Terminating' ? 'terminating' : 'there');

/** Only for hints, so it is not retried. */
async function namespaces(api: Api, signal: AbortSignal): Promise<readonly ObjectOf<Namespace>[]> {
  try {
    return (await api.get<List<ObjectOf<Namespace>>>('/api/v1/namespaces?limit=500', { signal, attempts: 1 })).items ?? [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [];
  }
}

interface Home {
  readonly name: string;
  readonly sentence: string;
}

/** The namespace in which the account or the kubeconfig is at home. */
function homeOf({ username, ofContext }: NamespaceClues): Home | undefined {
  const own = /^system:serviceaccount:([^:]+):/.exec(username ?? '')?.[1];
  if (own !== undefined) return { name: own, sentence: `The account that deploys (${username}) belongs to the namespace ${own}.` };
  return ofContext === undefined ? undefined : { name: ofContext, sentence: `The kubeconfig names the namespace ${ofContext}.` };
}

const isElsewhere = (clues: NamespaceClues): boolean => homeOf(clues)?.name !== clues.namespace;

/** The namespace that was probably meant, as a question. */
const meantNamespace = (clues: NamespaceClues): string | undefined =>
  suggestion(clues.namespace, [...clues.existing, homeOf(clues)?.name ?? ''].filter((name) => name !== clues.namespace && name !== ''));

/** Nobody can see whether it exists, but it looks like the misspelt name of the one in which the account is at home. */
export const looksMisspelt = (clues: NamespaceClues): boolean =>
  clues.state === 'unknown' && isElsewhere(clues) && didYouMean(clues.namespace, [homeOf(clues)?.name ?? '']) !== undefined;

/**
 * The question to ask before any other, with what makes it likely. Empty where the account is at home in the namespace:
 * then it is right.
 */
export function askForNamespace(clues: NamespaceClues): string {
  if (!isElsewhere(clues)) return '';
  const home = homeOf(clues)?.sentence;
  const question = clues.isSetting ? `Is ${settingText('namespace', clues.namespace)} right?` : `Is the namespace ${clues.namespace} right? ${settingText('namespace')} is not set.`;
  return `${question}${home === undefined ? '' : ` ${home}`} `;
}

/** What to write instead. */
export function correctNamespace(clues: NamespaceClues): string {
  const what = clues.isSetting ? `Correct ${settingText('namespace')}` : `Set ${settingText('namespace')}`;
  return meantNamespace(clues) ?? `${what}, or create the namespace ${clues.namespace} and its workloads.${listed(clues.existing)}`;
}

const shownAtMost = 10;

function listed(existing: readonly string[]): string {
  if (existing.length === 0) return '';
  const more = existing.length > shownAtMost ? ` and ${existing.length - shownAtMost} more` : '';
  return ` The namespaces of the cluster: ${existing.slice(0, shownAtMost).join(', ')}${more}.`;
}

/** Undefined unless the namespace does not exist, or is being deleted: no Role can be created there. */
export function unusable(clues: NamespaceClues): Finding | undefined {
  const { namespace, state } = clues;
  if (state === 'absent') return { cause: 'config-invalid', message: `${askForNamespace(clues)}The namespace ${namespace} does not exist.`, hint: correctNamespace(clues) };
  return state === 'terminating' ? {
    cause: 'not-deployable', message: `The namespace ${namespace} is being deleted.`,
    hint: `Check ${settingText('namespace')}, or recreate the namespace and its workloads once it is gone.`,
  } : undefined;
}
