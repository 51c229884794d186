import { kubeconfigSecrets, readKubeconfig } from '../../config/kubeconfig.js';
import type { Ports } from '../../ports/ports.js';
import type { ReadKubeconfig } from './kubeconfig.js';

/** A larger file is not a token. */
const longestToken = 64 * 1024;

/** kubectl may read a kubeconfig that cannot be read here. */
const looksLikeKubeconfig = /(?:^|[{,])[ \t"']*(?:users|clusters|contexts)["']?[ \t]*:/m;

/**
 * Masks the secrets of the kubeconfigs that kubectl reads and of the token files that they name. A kubeconfig that an
 * earlier step wrote is as secret as one that was given as an input.
 */
export async function hideSecrets({ files, log }: Pick<Ports, 'files' | 'log'>, read: readonly ReadKubeconfig[]): Promise<void> {
  for (const { text, file } of read) {
    if (text === undefined || text.trim() === '') continue;
    const kubeconfig = readKubeconfig(text);
    if (kubeconfig.ok) log.keep(kubeconfig.value.names);
    // A text that is not a kubeconfig may be any file of the machine: what is secret in it is not known.
    if (file !== undefined || looksLikeKubeconfig.test(text)) for (const secret of kubeconfigSecrets(text)) log.mask(secret.text, secret.kind);
  }
  const tokenFiles = read.flatMap(({ file }) => file?.users ?? []).flatMap((each) => each?.user?.tokenFile ?? []);
  for (const path of tokenFiles) {
    const token = await files.readText(path).catch(() => undefined);
    if (token !== undefined && token.length <= longestToken) log.mask(token);
  }
}
