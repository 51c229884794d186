import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { administrator, call, pathOf, type Any } from '../api.js';
import { root } from '../environment.js';
import { kubeconfigOf, type Space } from '../namespace.js';

/** An account of docs/rbac-backup.yaml: it can do what its Role there says, and nothing else. */
export interface DataAccount {
  readonly token: string;
  /** Path; removed with the space. */
  readonly kubeconfig: string;
}

export async function accountFor(space: Space, name: 'backup' | 'restore', app = 'hello'): Promise<DataAccount> {
  const objects = parseAllDocuments(readFileSync(join(root, 'docs/rbac-backup.yaml'), 'utf8').replaceAll(/(?<=^ *resourceNames: .*)my-app/gm, app)).map((document) => document.toJS() as Any);
  await space.apply(...objects.filter(({ metadata }) => metadata.name === name));
  const request = await call('POST', `${pathOf('ServiceAccount', space.name, name)}/token`, {
    apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 },
  });
  const token = request.status.token as string;
  const kubeconfig = join(dirname(space.kubeconfig), `${name}.kubeconfig`);
  const { access } = administrator();
  writeFileSync(kubeconfig, kubeconfigOf({ server: access.server.href, ca: access.ca, token, namespace: space.name }), { mode: 0o600 });
  return { token, kubeconfig };
}
