import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readKubeconfig } from '../../src/config/kubeconfig.js';
import { environmentSecrets, rawSecrets } from '../../src/config/raw-secrets.js';
import { secretInputs } from '../../src/config/settings.js';
import { kubeconfigOf as sourceOf } from '../../src/config/values/kubeconfig.js';
import { parseTexts } from './parse-texts.js';
import { anyCharacter } from '../any-character.js';

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

const textsIn = async (inputs: Readonly<Record<string, string>>): Promise<readonly string[]> => (await rawSecrets(inputs, {})).map(({ text }) => text);

describe('secrets in the environment', () => {
  it('are those of variables that are named after one', () => {
    const own = { FLY_API_TOKEN: 'fly-token-1', token: 'token-22', HEROKU_API_KEY: 'heroku-3', APIKEY: 'api-key-4', AWS_SECRET_ACCESS_KEY: 'aws-key-5', DB_PASSWORD: 'password-6', SSH_PRIVATE_KEY: 'a\nprivate-key-7', X_CREDENTIAL: 'credential-8' };
    const others = { AWS_ACCESS_KEY_ID: 'not-secret', CACHE_KEY: 'not-secret', MONKEY: 'not-secret', TOKEN_URL: 'https://x.example', GOOGLE_APPLICATION_CREDENTIALS: '/path/of/it', A_TOKEN: 'main', B_TOKEN: undefined };
    expect(environmentSecrets({ ...own, ...others })).toEqual(Object.values(own));
  });
});

describe('secrets in raw inputs', () => {
  it('are those of the inputs that are named', () => {
    expect([...secretInputs].sort()).toEqual(['build-secrets', 'github-token', 'kubeconfig', 'registry-password']);
  });

  it.each<readonly [Record<string, string>, readonly string[]]>([
    [{ 'registry-password': 'p w\n' }, ['p w']],
    [{ 'github-token': ' ghs_1 \n' }, ['ghs_1']],
    [{ 'build-secrets': 'npm=a=b\n x = y \nkey=env:KEY' }, ['a=b', 'y']],
    // A key on several lines: not understood, so all of it.
    [{ 'build-secrets': 'key=-----BEGIN KEY-----\nMIIEv/+x\nabc==' }, ['-----BEGIN KEY-----', 'MIIEv/+x', 'abc==']],
    [{ kubeconfig: '/home/me/.kube/config', image: 'a' }, []],
    [{}, []],
  ])('%j', async (inputs, secrets) => expect(await textsIn(inputs)).toEqual(secrets));

  it.each([['content', content], ['base64', base64], ['wrapped base64', base64.replace(/.{76}/g, '$&\n')]])('are in a kubeconfig as %s', async (_, kubeconfig) => {
    const secrets = await textsIn({ kubeconfig });
    expect(secrets).toEqual(expect.arrayContaining([kubeconfig.trim(), content.trim(), 'token-1', 'key-data-2', 'exec-secret-3', 'id-token-4', 'refresh-5']));
    expect(secrets).not.toContain('aws');
    const { config } = parseTexts({ action: 'rollback', inputs: { app: 'a', kubeconfig } });
    expect(config.cluster.kubeconfig).toEqual({ content });
  });

  it('never fail, and hide a password whatever it is', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: anyCharacter }), async (text) => {
      const secrets = await textsIn({ 'registry-password': text, 'build-secrets': text, 'kubeconfig': text });
      const password = text.replace(/[\r\n]+$/, '');
      if (password.trim() !== '') expect(secrets).toContain(password);
    }));
  });

  it('of the environment are handed out with the Config', () => {
    const { secrets } = parseTexts({
      action: 'build', inputs: { 'image': 'a', 'build-secrets': 'key=env:KEY', 'registry-username': 'u', 'registry-password': 'p' },
      facts: { env: { KEY: 'first line\nshort\nsecond line' } },
    });
    expect(secrets).toEqual([{ text: 'first line\nshort\nsecond line', kind: 'value', of: 'build-secrets, key' }]);
  });
});

const kubeconfigOf = (user: unknown, cluster: unknown = { server: 'https://k.example' }): string => JSON.stringify({
  'current-context': 'main', 'clusters': [{ name: 'production', cluster }], 'users': [{ name: 'deployer', user }],
  'contexts': [{ name: 'main', context: { cluster: 'production', user: 'deployer', namespace: 'shop' } }],
});
/** What is hidden of a kubeconfig with such a user, the whole text aside. */
const hiddenOf = async (user: unknown, cluster?: unknown): Promise<readonly string[]> =>
  (await rawSecrets({ kubeconfig: kubeconfigOf(user, cluster) }, {})).filter(({ kind }) => kind === 'value').map(({ text }) => text);
const plugin = (name: string, value: string): unknown => ({ exec: { command: 'aws', args: ['eks', 'get-token'], env: [{ name, value }] } });

describe('what is secret in a kubeconfig', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['a token', { token: 'abc' }, ['abc']],
    ['a token of digits', { token: 12345678 }, ['12345678']],
    ['a password, and no user name', { username: 'admin', password: 'hunter22' }, ['hunter22']],
    ['a private key, and no certificate', { 'client-certificate-data': 'Y2VydGlmaWNhdGU=', 'client-key-data': 'a2V5' }, ['a2V5']],
    ['no path', { 'tokenFile': '/run/token', 'client-key': '/home/me/key.pem', 'client-certificate': 'cert.pem' }, []],
    ['tokens of an auth provider, and nothing else of it', {
      'auth-provider': { name: 'oidc', config: { 'client-id': 'kubernetes', 'idp-issuer-url': 'https://login.example', 'client-secret': 'abc', 'id-token': 'def' } },
    }, ['abc', 'def']],
    ['an option of a plugin', { exec: { command: 'kubelogin', args: ['get-token', '--client-secret=abc', '--client-id=x', '--password', 'def', '--token-cache-dir', '/tmp', '--login', 'spn'] } }, ['abc', 'def']],
  ])('%s', async (_, user, hidden) => expect(await hiddenOf(user)).toEqual(hidden));

  it.each([
    ['AWS_SECRET_ACCESS_KEY', 'abcd'], ['AZURE_CLIENT_SECRET', 'x~y'], ['AWS_SESSION_TOKEN', 'x'], ['GITLAB_PAT', 'abcdef'], ['X', 'glpat-0123456789abcdef'],
    ['SETTING', 'ghp_0123456789abcdefghijABCDEFGHIJ012345'], ['SETTING', 'k3JdU8sPq2LmZx9RtY7w'], ['SETTING', '0123456789abcdef0123456789abcdef'],
    ['SETTING', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZXBsb3kifQ.c2lnbmF0dXJl'],
  ])('the variable %s of a plugin with the value %s', async (name, value) => expect(await hiddenOf(plugin(name, value))).toEqual([value]));

  it.each([
    ['AWS_PROFILE', 'deploy'], ['AWS_PROFILE', 'api'], ['AWS_REGION', 'eu-central-1'], ['AWS_STS_REGIONAL_ENDPOINTS', 'regional'], ['AAD_LOGIN_METHOD', 'devicecode'],
    ['AZURE_TENANT_ID', '2f4a9838-26b7-47ee-be60-ccc1fdec5953'], ['AWS_WEB_IDENTITY_TOKEN_FILE', '/var/run/token'], ['GOOGLE_APPLICATION_CREDENTIALS', '/home/me/key.json'],
    ['AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/Deployer2'], ['TOKEN_URL', 'https://login.example/token'], ['USE_TOKEN', 'true'], ['AUTH_MODE', 'cloud'],
    ['CLUSTER', 'MyCompany-Production-Cluster-2'], ['CACHE', './cache/kube/Config2'],
  ])('but not the variable %s=%s', async (name, value) => expect(await hiddenOf(plugin(name, value))).toEqual([]));

  it.each([
    ['AWS_SECRET_ACCESS_KEY', '/Wq8rXk3abcd'], ['API_TOKEN', '/abcdefgh'], ['DB_PASSWORD', '~/hunter'], ['DB_PASSWORD', './hunter'],
  ])('the variable %s of a plugin, though its value %s begins as a path does', async (name, value) => expect(await hiddenOf(plugin(name, value))).toEqual([value]));

  it.each<[readonly string[], readonly string[]]>([
    [['-u', 'deployer', '-p', 'hunter2x'], ['hunter2x']],
    [['-phunter2x'], ['hunter2x']],
    [['--password', '-dashsecret'], ['-dashsecret']],
    [['--password=-dash'], ['-dash']],
    [['--token', '-Dash0secret', '--verbose'], ['-Dash0secret']],
    [['--password', '/hunter22'], ['/hunter22']],
    [['-c', 'TOKEN=abcdef get-token --quiet'], ['abcdef']],
    [['-c', 'export API_TOKEN="abc def"; exec login --password hunter22 | cat'], ['abc def', 'hunter22']],
    [['DB_PASSWORD=hunter22', 'login'], ['hunter22']],
    [['-H', 'Authorization: Bearer abcdef'], ['abcdef']],
    [['k3JdU8sPq2LmZx9RtY7w'], ['k3JdU8sPq2LmZx9RtY7w']],
    [['-p', 'production'], []],
    [['-p', 'cluster1', '-p', 'eu-west-1a', '-p', '8080', '-p', '/a/b2c/d'], []],
    [['--use-token', '--verbose', '--get-token', '-v'], []],
    [['-c', 'get-token --token $TOKEN; TOKEN=$(cat /run/token) login'], []],
    [['-H', 'Accept: application/json', 'the token is in a file'], []],
    [['--private-key', '/home/me/key.pem', '--credentials=~/.aws/credentials'], []],
  ])('of the words of a plugin, %j', async (args, hidden) => expect(await hiddenOf({ exec: { command: 'login', args } })).toEqual(hidden));

  it.each([
    ['http://me:p@sswordx@proxy.example:3128', ['p@sswordx']],
    ['http://TOKEN12345@proxy.example', ['TOKEN12345']],
    ['http://me:p%40sswordx@proxy.example/a@b', ['p%40sswordx', 'p@sswordx']],
    ['http://me:pass/word@proxy.example', ['http://me:pass/word@proxy.example']],
    ['http://proxy.example:3128/a@b', []],
    ['me:hunter22@proxy.example', ['hunter22']],
  ])('the login of the proxy %s', async (url, hidden) => expect(await hiddenOf({}, { 'server': 'https://k.example', 'proxy-url': url })).toEqual(hidden));

  it('the password of a proxy, and not its address', async () => {
    expect(await hiddenOf({}, { 'server': 'https://k.example', 'proxy-url': 'http://me:hunter22@proxy.example:3128' })).toEqual(['hunter22']);
  });

  it('and nothing of its structure and its names, which are handed out as such', async () => {
    const kubeconfig = kubeconfigOf({ token: 'abc' });
    expect(await rawSecrets({ kubeconfig }, {})).toEqual([{ text: kubeconfig, kind: 'document', of: 'kubeconfig' }, { text: 'abc', kind: 'value', of: 'kubeconfig' }]);
    expect(parseTexts({ action: 'rollback', inputs: { app: 'a', kubeconfig } }).names).toEqual(expect.arrayContaining(['production', 'main', 'deployer', 'shop']));
  });

  it('and of a text that cannot be parsed what looks like a secret', async () => {
    const texts = await rawSecrets({ kubeconfig: 'kind: Config\nusers: [\n  token: abcd\n  x: k3JdU8sPq2LmZx9RtY7w' }, {});
    expect(texts.map(({ text, kind }) => [kind, text]).slice(1)).toEqual([['value', 'abcd'], ['value', 'k3JdU8sPq2LmZx9RtY7w']]);
  });
});

describe('a kubeconfig that kubectl reads in its own way', () => {
  const document = (user: string, context = 'main') => `current-context: ${context}\ncontexts: [{name: ${context}, context: {cluster: c, user: u}}]\nclusters: [{name: c}]\nusers: [{name: u, user: ${user}}]\n`;
  const valuesIn = async (kubeconfig: string) => (await rawSecrets({ kubeconfig }, {})).filter(({ kind }) => kind === 'value').map(({ text }) => text);

  it.each([
    ['ends with a separator', `${document('{token: abcd}')}---\n`, ['abcd']],
    ['has a second document', `${document('{token: abcd}')}---\n${document('{exec: {env: [{name: TOKEN, value: efgh}]}}', 'other')}`, ['abcd', 'efgh']],
    ['has a second document that is broken', `${document('{token: abcd}')}---\ntoken: efgh\nx: [`, ['abcd', 'efgh']],
    ['has a key twice', `${document('{token: abcd}')}users: [{name: u, user: {token: efgh}}]\n`, ['efgh', 'abcd']],
    ['merges keys', `x: &t {token: abcd}\n${document('{<<: *t}')}`, ['abcd']],
    ['uses an alias often', `${document('{token: &t abcd}')}x: [${'*t,'.repeat(150)}]\n`, ['abcd']],
    ['has binary text', document('{token: !!binary aGVsbG8=}'), ['hello']],
  ])('is read where it %s, and all secrets in it are hidden', async (_, text, hidden) => {
    expect(readKubeconfig(text)).toMatchObject({ ok: true, value: { contexts: ['main'], currentContext: 'main' } });
    expect(await valuesIn(text)).toEqual(expect.arrayContaining(hidden));
  });

  it('has the values of the last of equal keys', () => {
    expect(readKubeconfig(`${document('{}')}current-context: last\n`)).toMatchObject({ ok: true, value: { currentContext: 'last' } });
  });

  it('is hidden in every part that can be read', async () => {
    expect(await valuesIn(`${document('{exec: {env: [{name: TOKEN, value: abcd}]}}')}x: @y\n`)).toContain('abcd');
  });
});

describe('a kubeconfig in the variable that is to hold its path', () => {
  const text = kubeconfigOf({ token: 'abc' });
  it.each([text, Buffer.from(text).toString('base64')])('is hidden as the input would be', async (KUBECONFIG) => {
    expect(await rawSecrets({}, { KUBECONFIG })).toContainEqual({ text: 'abc', kind: 'value', of: 'KUBECONFIG' });
  });
  it.each([undefined, '', '/home/me/.kube/config', 'config', ':/a/b:~/.kube/c d:', `/home/runner/${'work/'.repeat(30)}config:/b`])('and paths are not: %s', async (KUBECONFIG) => {
    expect(await rawSecrets({}, { KUBECONFIG })).toEqual([]);
  });
});

describe('a key file as the password of a registry', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n';
  const file = JSON.stringify({ type: 'service_account', project_id: 'shop', private_key: key, client_email: 'deployer@shop.iam.gserviceaccount.com' }, null, 2);
  const inputs = (password: string) => ({ 'image': 'europe-docker.pkg.dev/shop/web/api', 'registry-username': '_json_key', 'registry-password': password });

  it.each([['as it is', file, file], ['with the line end of its file', `${file}\r\n`, file], ['with a tab and other odd signs', '\ta\u0007\u202eb', '\ta\u0007\u202eb']])('is taken %s', (_, given, used) => {
    expect(parseTexts({ action: 'build', inputs: inputs(given) }).config.login?.password).toBe(used);
  });

  it.each([['', file], ['base64 of it', Buffer.from(file).toString('base64')], ['after a byte order mark', `\ufeff${file}`], ['base64 of it with a byte order mark', Buffer.from(`\ufeff${file}`).toString('base64')]])('is hidden with the key that is in it %s', async (_, password) => {
    expect(await textsIn(inputs(password))).toEqual(expect.arrayContaining([password, key]));
  });

  it('is not larger than a value may be, and is said to be so without being shown', () => {
    const given = () => parseTexts({ action: 'build', inputs: inputs('k3y'.repeat(30_000)) });
    expect(given).toThrow(/registry-password: is 88 KiB large/);
    expect(given).not.toThrow(/k3y/);
  });
});

describe('a kubeconfig', () => {
  const kindOf = (text: string) => {
    const [source, read] = [sourceOf(text), readKubeconfig(text)];
    return 'path' in source ? 'path' : read.ok ? 'content' : read.faults[0]?.message;
  };
  it.each([
    ['~/.kube/config', 'path'], ['kubeconfig', 'path'], ['C:\\kube\\config', 'path'], ['./a b/config', 'path'], [content, 'content'], [base64, 'content'],
    ['{"clusters":[{"name":"c"}]}', 'content'],
    ['kind: Secret\nclusters: []', 'is not a kubeconfig: it is an object of another kind, Secret'],
    ['clusters: []\nkind: Config', 'is not a kubeconfig: it has no `clusters`'],
    ['- a\n- b', 'is not a kubeconfig: it has no `clusters`'],
    ['{"a": ', 'is not a kubeconfig: it cannot be read as YAML or JSON, from line 1 on'],
    // kubectl reads these.
    ['clusters:\n- name: c\n  cluster: {server: a,\n\tproxy-url: b}\n', 'is not a kubeconfig: it cannot be read as YAML or JSON, from line 4 on'],
    ['kind: Config\nusers:\n- name: u\n  user:\n    token: "a\nb"\n', 'is not a kubeconfig: it cannot be read as YAML or JSON, from line 5 on'],
    [Buffer.from('hello: this is something else entirely').toString('base64'), 'is not a kubeconfig: it has no `clusters`'],
    ['x'.repeat(500), 'is not a kubeconfig: it has no `clusters`'],
  ])('%#: %j', (text, kind) => expect(kindOf(text)).toBe(kind));

  it('is not repeated in messages', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z0-9]{8,20}$/), fc.constantFrom('token: X', 'kind: "X Y"', '{X', 'clusters: X', '- X', 'a\nX'), (secret, form) => {
      const checked = readKubeconfig(`${form.replace('X', secret)}\n`);
      if (!checked.ok) expect(JSON.stringify(checked.faults)).not.toContain(secret);
    }));
  });
});
