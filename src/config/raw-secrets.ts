import { distinct, passwordsIn, type Secret } from './secrets.js';
import { holdsContent, isContentForPaths } from './values/kubeconfig.js';

/**
 * The secrets in the raw inputs, before any of them is parsed, and in the variable KUBECONFIG if it wrongly holds the content
 * of a kubeconfig. Never fails. The names of these inputs are in `secretInputs`.
 */
export async function rawSecrets(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string | undefined>>): Promise<readonly Secret[]> {
  const [given, variable = ''] = [inputs['kubeconfig'], env['KUBECONFIG']];
  return distinct([
    ...passwordsIn(inputs),
    ...(holdsContent(given) ? await secretsOf(given) : []),
    ...(isContentForPaths(variable) ? await secretsOf(variable) : []).map((secret) => ({ ...secret, of: 'KUBECONFIG' })),
  ]);
}

/** The last words of a variable that holds a secret. */
const secretName = /(?:^|_)(?:token|secret|password|passwd|api_?key|secret_key|access_key|private_key|credential)$/i;
/** Less is rather a word, such as the name of a branch. */
const shortestSecret = 8;

/** What stands in variables of the environment whose names say that it is secret: programs that are run here see it, and some print it. */
export const environmentSecrets = (env: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(env).flatMap(([name, value = '']) => (secretName.test(name) && value.length >= shortestSecret ? [value] : []));

/** The parser of YAML is loaded for this alone. */
async function secretsOf(kubeconfig: string): Promise<readonly Secret[]> {
  const { kubeconfigSecrets } = await import('./kubeconfig.js');
  return kubeconfigSecrets(kubeconfig);
}
