import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseKubeconfig } from '../../src/config/kubeconfig.js';
import { parseConfig } from '../../src/config/parse.js';
import { secretsIn } from '../../src/config/secrets.js';
import { secretInputs } from '../../src/config/settings.js';

const content = `apiVersion: v1
kind: Config
current-context: main
clusters: [{name: c, cluster: {server: https://k.example}}]
contexts: [{name: main, context: {cluster: c, user: u}}]
users:
  - name: u
    user:
      token: token-1
      client-key-data: key-data-2
      exec: {command: aws, args: [eks], env: [{name: AWS_SECRET, value: exec-secret-3}]}
      auth-provider: {name: oidc, config: {id-token: id-token-4, refresh-token: refresh-5}}
`;
const base64 = Buffer.from(content).toString('base64');

describe('secrets in raw inputs', () => {
  it('are those of the inputs that are named', () => {
    expect([...secretInputs].sort()).toEqual(['build-secrets', 'kubeconfig', 'registry-password']);
  });

  it.each<readonly [Record<string, string>, readonly string[]]>([
    [{ 'registry-password': 'p w\n' }, ['p w']],
    [{ 'build-secrets': 'npm=a=b\n x = y \nkey=env:KEY' }, ['a=b', 'y']],
    // A key on several lines: not understood, so all of it.
    [{ 'build-secrets': 'key=-----BEGIN KEY-----\nMIIEv/+x\nabc==' }, ['-----BEGIN KEY-----', 'MIIEv/+x', 'abc==']],
    [{ kubeconfig: '/home/me/.kube/config', image: 'a' }, []],
    [{}, []],
  ])('%j', (inputs, secrets) => expect(secretsIn(inputs)).toEqual(secrets));

  it.each([['content', content], ['base64', base64], ['wrapped base64', base64.replace(/.{76}/g, '$&\n')]])('are in a kubeconfig as %s', (_, kubeconfig) => {
    const secrets = secretsIn({ kubeconfig });
    expect(secrets).toEqual(expect.arrayContaining([kubeconfig.trim(), content.trim(), 'token-1', 'key-data-2', 'exec-secret-3', 'id-token-4', 'refresh-5']));
    expect(secrets).not.toContain('aws');
    const { config } = parseConfig({ action: 'rollback', inputs: { app: 'a', kubeconfig } });
    expect(config.cluster.kubeconfig).toEqual({ content });
  });

  it('never fail, and hide a password whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const secrets = secretsIn({ 'registry-password': text, 'build-secrets': text, 'kubeconfig': text });
      const password = text.replace(/[\r\n]+$/, '');
      if (password.trim() !== '') expect(secrets).toContain(password);
    }));
  });

  it('are handed out with the Config, those of the environment too, line by line', () => {
    const { secrets } = parseConfig({
      action: 'build', inputs: { 'image': 'a', 'build-secrets': 'key=env:KEY', 'registry-username': 'u', 'registry-password': 'p' },
      facts: { env: { KEY: 'first line\nshort\nsecond line' } },
    });
    expect(secrets).toEqual(['p', 'first line\nshort\nsecond line', 'first line', 'second line']);
  });
});

describe('a kubeconfig', () => {
  const kindOf = (text: string) => {
    const checked = parseKubeconfig(text);
    return checked.ok ? Object.keys(checked.value)[0] : checked.faults[0]?.message;
  };
  it.each([
    ['~/.kube/config', 'path'], ['kubeconfig', 'path'], ['C:\\kube\\config', 'path'], ['./a b/config', 'path'], [content, 'content'], [base64, 'content'],
    ['{"clusters":[{"name":"c"}]}', 'content'],
    ['kind: Secret\nclusters: []', 'is not a kubeconfig: it is an object of another kind, Secret'],
    ['clusters: []\nkind: Config', 'is not a kubeconfig: it has no `clusters`'],
    ['- a\n- b', 'is not a kubeconfig: it has no `clusters`'],
    ['{"a": ', 'is not a kubeconfig: it cannot be read as YAML or JSON'],
    [Buffer.from('hello: this is something else entirely').toString('base64'), 'is not a kubeconfig: it has no `clusters`'],
    ['x'.repeat(500), 'is not a kubeconfig: it has no `clusters`'],
  ])('%#: %j', (text, kind) => expect(kindOf(text)).toBe(kind));

  it('is not repeated in messages', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z0-9]{8,20}$/), fc.constantFrom('token: X', 'kind: "X Y"', '{X', 'clusters: X', '- X', 'a\nX'), (secret, form) => {
      const checked = parseKubeconfig(`${form.replace('X', secret)}\n`);
      if (!checked.ok) expect(JSON.stringify(checked.faults)).not.toContain(secret);
    }));
  });
});
