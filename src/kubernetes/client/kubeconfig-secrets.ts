import { kubeconfigSecrets, readKubeconfig } from '../../config/kubeconfig.js';
import type { Ports } from '../../ports/ports.js';
import type { ReadKubeconfig } from './kubeconfig.js';

/** A token is shorter; what is larger is no file of a token, and is left to kubectl. */
const longestToken = 64 * 1024;

/**
 * Hides the secrets of the kubeconfigs that kubectl reads, and of the token files that they name, wherever they came from:
 * one that an earlier step has written is as secret as one that was given.
 */
export async function hideSecrets({ files, log }: Pick<Ports, 'files' | 'log'>, read: readonly ReadKubeconfig[]): Promise<void> {
  for (const { text, file } of read) {
    if (text === undefined || text.trim() === '') continue;
    const kubeconfig = readKubeconfig(text);
    if (kubeconfig.ok) log.keep(kubeconfig.value.names);
    // Of a text that is no kubeconfig nothing is known; it may be any file of the machine.
    if (file !== undefined) for (const secret of kubeconfigSecrets(text)) log.mask(secret.text, secret.kind);
  }
  const tokenFiles = read.flatMap(({ file }) => file?.users ?? []).flatMap((each) => each?.user?.tokenFile ?? []);
  for (const path of tokenFiles) {
    const token = await files.readText(path).catch(() => undefined);
    if (token !== undefined && token.length <= longestToken) log.mask(token);
  }
}
