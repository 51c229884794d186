import { describe, expect, it } from '@jest/globals';
import { createMasking } from '../../../src/host/masking.js';
import { readKubeconfigs } from '../../../src/kubernetes/client/kubeconfig.js';
import { hideSecrets } from '../../../src/kubernetes/client/kubeconfig-secrets.js';
import { fakePorts } from './fake-ports.js';

const kubeconfig = (user: string) => `clusters: [{name: prod, cluster: {server: "https://10.0.0.1"}}]\nusers: [{name: deployer, user: ${user}}]\ncontexts: []\n`;

/** What is left of a text once the secrets of these files are hidden. */
async function shown(files: Readonly<Record<string, string>>, text: string): Promise<string> {
  const masking = createMasking();
  const ports = fakePorts({ files });
  const log = { ...ports.log, mask: masking.add, keep: masking.keep };
  await hideSecrets({ ...ports, log }, await readKubeconfigs(ports.files, { KUBECONFIG: '/a:/b' }));
  return masking.redact(text);
}

describe('the secrets of a kubeconfig that an earlier step has written', () => {
  it('are hidden in every file of KUBECONFIG, and its names are not', async () => {
    const files = { '/a': kubeconfig('{token: token-of-the-first}'), '/b': kubeconfig('{password: pass-of-the-second}') };
    expect(await shown(files, 'deployer of prod: token-of-the-first, pass-of-the-second')).toBe('deployer of prod: ***, ***');
  });

  it('are hidden where they stand in the file of a token', async () => {
    expect(await shown({ '/a': kubeconfig('{tokenFile: /token}'), '/token': 'a-token-in-a-file\n' }, 'Bearer a-token-in-a-file')).toBe('Bearer ***');
  });

  it('are hidden in each document of a file, and where a key is given twice', async () => {
    const files = { '/a': `${kubeconfig('{token: token-of-the-first}')}---\n${kubeconfig('{password: pass-of-the-second}')}`, '/b': `${kubeconfig('{token: token-number-3}')}users: []\n` };
    expect(await shown(files, 'token-of-the-first, pass-of-the-second, token-number-3')).toBe('***, ***, ***');
  });

  it('are hidden in a file without clusters, in the environment of a plugin too', async () => {
    expect(await shown({ '/a': 'users: [{name: u, user: {exec: {env: [{name: X_TOKEN, value: value-of-env}]}}}]' }, 'value-of-env')).toBe('***');
  });

  it('are hidden in a kubeconfig that can only be read in part', async () => {
    expect(await shown({ '/a': `${kubeconfig('{token: token-of-the-first}')}x: @y\n` }, 'token-of-the-first')).toBe('***');
  });

  it('are not guessed in what is no kubeconfig, nor looked for in a file that is not there', async () => {
    expect(await shown({ '/a': 'password: hunter22\n\t- broken: [' }, 'hunter22')).toBe('hunter22');
  });
});
