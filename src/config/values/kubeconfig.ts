import { bad, good, quote, type Fault } from '../kit/checked.js';
import { suggestion } from '../kit/did-you-mean.js';
import { controlCharacter } from '../kit/limits.js';
import { bySource } from '../kit/kind.js';
import { block } from '../kit/text.js';
import { placeWords, settingText } from '../../outcome/place-words.js';

/** The path of a kubeconfig, or its content. */
export type KubeconfigSource = { readonly path: string } | { readonly content: string };

/** The parts of a kubeconfig that the settings depend on. */
export interface Kubeconfig {
  /** Names of its contexts. */
  readonly contexts: readonly string[];
  readonly currentContext?: string;
  /** Tokens, passwords and private keys in it. Certificates are public. */
  readonly secrets: readonly string[];
  /** Of clusters, contexts, namespaces and users: no secrets. */
  readonly names: readonly string[];
}

/**
 * Decides whether a text is the content of a kubeconfig, base64 of it (line breaks allowed), or a path. It does not check the
 * content: `readKubeconfig` does.
 */
export function kubeconfigOf(text: string): KubeconfigSource {
  const trimmed = text.trim();
  const decoded = fromBase64(trimmed);
  if (decoded === undefined && looksLikePath(trimmed)) return { path: trimmed };
  const content = decoded ?? trimmed;
  return { content: content.endsWith('\n') ? content : `${content}\n` };
}

/** Whether a text can only be the path of a file, so it can be shown in messages. */
const isKubeconfigPath = (text: string): boolean => 'path' in kubeconfigOf(text);

/** Whether there is a text, and it is more than the path of a file. */
export const holdsContent = (text: string | undefined): text is string => text !== undefined && text.trim() !== '' && !isKubeconfigPath(text);

/**
 * Whether the variable KUBECONFIG, a list of paths, holds the content of a kubeconfig or its base64 form. kubectl would read it
 * as paths, and printing these paths would print the secrets in pieces.
 */
export const isContentForPaths = (variable: string | undefined): boolean =>
  (variable ?? '').split(':').some(holdsContent);

/** One line without what content must have (`: `, braces), and with what a path has, or too short to be a secret. */
function looksLikePath(text: string): boolean {
  if (text === '' || text.length > 1024 || controlCharacter(text) || text.startsWith('-') || /[{}]|:\s|:$/.test(text)) return false;
  return /[/\\.~]/.test(text) ? !/^[A-Za-z0-9+/=_-]{200,}$/.test(text) : text.length <= 32;
}

/** The text behind base64, if it is that and the text could be a kubeconfig; both alphabets, with or without padding. */
function fromBase64(text: string): string | undefined {
  const packed = text.replace(/\s+/g, '');
  if (packed.length < 40 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(packed)) return undefined;
  const decoded = Buffer.from(packed, 'base64').toString('utf8');
  return /[\ufffd\0]/.test(decoded) || !/[:{]/.test(decoded) ? undefined : decoded;
}

/** Why the context that would be used is not in this kubeconfig; undefined when it is. */
export function contextFault({ contexts, currentContext }: Kubeconfig, context: string | undefined): Fault | undefined {
  const known = contexts.length === 0 ? 'It has no contexts.' : `It has ${contexts.slice(0, 10).map(quote).join(', ')}.`;
  if (context === undefined && currentContext === undefined) {
    return { message: 'has no `current-context`, so kubectl cannot choose a cluster', hint: `Set ${settingText('kube-context')}. ${known}` };
  }
  const used = context ?? currentContext ?? '';
  if (contexts.includes(used)) return undefined;
  return { message: `has no context ${quote(used)}`, hint: suggestion(used, contexts, known) };
}

/** Only an input may hold the content of one. */
export const kubeconfig = bySource(
  block((given) => good(kubeconfigOf(given)), { expects: 'a kubeconfig', largeHint: 'Keep only the context that is used: `kubectl config view --raw --minify --flatten`.' }),
  block((given) => (isKubeconfigPath(given) ? good(kubeconfigOf(given)) : bad(
    'can only be a path in this file',
    `${placeWords().giveSecret('kubeconfig')} If this was a real one, replace its credentials: they are in the history of the repository.`,
  )), { expects: 'the path of a kubeconfig', schema: { maxLength: 1024 } }),
);
