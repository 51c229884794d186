import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { writeAccess } from '../../../src/kubernetes/client/access.js';
import { expiryOf } from '../../../src/kubernetes/client/expiry.js';
import { checkKubeconfig } from '../../../src/kubernetes/client/kubeconfig-check.js';
import type { ClusterConfig } from '../../../src/config/config.js';
import { expiresSoon } from '../../../src/kubernetes/preflight/expiry.js';
import { fakePorts, type FakeWorld } from './fake-ports.js';

const server = 'https://10.0.0.1:6443';
const kubeconfig = (user: object = { token: 't' }, cluster: object = {}, more: object = {}) => stringify({
  'current-context': 'prod', contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u' } }], clusters: [{ name: 'c', cluster: { server, ...cluster } }],
  users: [{ name: 'u', user }], ...more,
});

/** Opens it as a run does. */
async function check(config: ClusterConfig, world: FakeWorld = {}) {
  const ports = fakePorts({ ...world, env: { HOME: '/home/me', PATH: '/bin', ...world.env } });
  const access = await writeAccess(config, ports, '/private');
  const used = await checkKubeconfig(ports, config, { ...ports.env, ...access.env });
  return { used, ports };
}
const content = (text: string, world?: FakeWorld) => check({ kubeconfig: { content: text } }, world);
const home = (text: string, more: FakeWorld = {}) => check({}, { ...more, files: { '/home/me/.kube/config': text, ...more.files } });

describe('no kubeconfig at all', () => {
  it.each([
    ['nothing anywhere', {}, 'KUBECONFIG is not set, and /home/me/.kube/config does not exist'],
    ['a file that a step wrote from an empty secret', { files: { '/home/me/.kube/config': '\n' } }, 'KUBECONFIG is not set, and /home/me/.kube/config is empty'],
    ['a file with nothing to go to', { files: { '/home/me/.kube/config': 'apiVersion: v1\nkind: Config\nclusters: []\n' } }, 'KUBECONFIG is not set, and /home/me/.kube/config contains no cluster'],
    ['KUBECONFIG of files that are not there', { env: { KUBECONFIG: '/a:/b' }, files: { '/b': '' } }, 'of KUBECONFIG, /a does not exist, and /b is empty'],
    ['in a pod whose account has no token', { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' } }, 'KUBECONFIG is not set, and /home/me/.kube/config does not exist'],
  ] as const)('is said before anything is started: %s', async (_what, world, places) => {
    await expect(check({}, world)).rejects.toMatchObject({
      code: 'config-invalid', message: `No kubeconfig was given: \`kubeconfig\` is empty or missing, and ${places}.`,
      hint: expect.stringContaining('A secret that does not exist, or that this run is not allowed to read (as in a pull request from a fork), is empty.'),
    });
  });
  it.each([
    ['as it is', kubeconfig()], ['as base64', Buffer.from(kubeconfig()).toString('base64')], ['as JSON on one line', JSON.stringify({ clusters: [], users: [{ name: 'u', user: { token: 't0k3n' } }] })],
  ])('is not quoted where the variable of its path holds its content, %s', async (_what, KUBECONFIG) => {
    await expect(check({}, { env: { KUBECONFIG } })).rejects.toMatchObject({
      code: 'config-invalid', message: 'The environment variable KUBECONFIG does not contain the path of a kubeconfig: it looks like the content of one.',
      hint: expect.stringContaining('Give it as the input `kubeconfig`'),
    });
  });
  it('is what a pod has that kubectl can speak for', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
    const { used } = await check({}, { env, files: { '/var/run/secrets/kubernetes.io/serviceaccount/token': 't' } });
    expect(used.user).toBeUndefined();
  });
});

describe('a kubeconfig that names files', () => {
  const named = kubeconfig({ 'client-certificate': 'pki/client.crt', 'client-key': 'pki/client.key' }, { 'certificate-authority': '/home/other/ca.crt' });
  it('that are not there names all of them as they stand in it', async () => {
    await expect(content(named)).rejects.toMatchObject({
      code: 'config-invalid',
      message: 'The kubeconfig names files that cannot be read on this machine: `certificate-authority: /home/other/ca.crt`, `client-certificate: pki/client.crt`, `client-key: pki/client.key`.',
      hint: expect.stringMatching(/kubectl config view --raw --minify --flatten.*looked up in the workspace/),
    });
  });
  it('given as content has them in the workspace, and that is said', async () => {
    const files = { '/checkout/pki/client.crt': 'c', '/checkout/pki/client.key': 'k', '/home/other/ca.crt': 'ca' };
    const { ports } = await content(named, { env: { GITHUB_WORKSPACE: '/checkout' }, files });
    expect(ports.written.get('/private/kubeconfig')?.text).toContain('client-key: /checkout/pki/client.key');
    expect(ports.lines).toEqual(['info The kubeconfig names pki/client.crt, pki/client.key: read from the workspace']);
  });
  it.each([
    ['behind an alias', '{name: v, user: &u {client-certificate: pki/client.crt, client-key: pki/client.key}}, {name: u, user: *u}'],
    ['merged', '{name: v, user: &u {client-certificate: pki/client.crt, client-key: pki/client.key}}, {name: u, user: {<<: *u}}'],
    ['given twice', '{name: u, user: {client-certificate: no, client-certificate: pki/client.crt, client-key: no, client-key: pki/client.key}}'],
  ])('given as content has them in the workspace, %s', async (_what, users) => {
    const files = { '/checkout/pki/client.crt': 'c', '/checkout/pki/client.key': 'k' };
    const text = `current-context: prod\nclusters: [{name: c, cluster: {server: "${server}"}}]\ncontexts: [{name: prod, context: {cluster: c, user: u}}]\nusers: [${users}]\n---\n`;
    const { ports, used } = await content(text, { env: { GITHUB_WORKSPACE: '/checkout' }, files });
    expect(used.user).toMatchObject({ 'client-certificate': '/checkout/pki/client.crt', 'client-key': '/checkout/pki/client.key' });
    expect(ports.lines).toHaveLength(1);
  });
  it('given as content has them in the working directory of a terminal', async () => {
    const { ports } = await content(named, { files: { 'pki/client.crt': 'c', 'pki/client.key': 'k', '/work/pki/client.crt': 'c', '/work/pki/client.key': 'k', '/home/other/ca.crt': 'ca' } });
    expect(ports.written.get('/private/kubeconfig')?.text).toContain('client-key: /work/pki/client.key');
  });
  it('in a file has them beside it', async () => {
    const files = { '/home/me/.kube/pki/client.crt': 'c', '/home/me/.kube/pki/client.key': 'k', '/home/other/ca.crt': 'ca' };
    await expect(home(named, { files })).resolves.toBeDefined();
    await expect(home(named)).rejects.toMatchObject({ message: expect.stringContaining('The kubeconfig /home/me/.kube/config names files') });
  });
  it('of another context does not matter', async () => {
    const other = { users: [{ name: 'u', user: { token: 't' } }, { name: 'v', user: { tokenFile: '/nowhere' } }] };
    await expect(content(kubeconfig({}, {}, other))).resolves.toBeDefined();
  });
  it('beside the content itself does not need them', async () => {
    await expect(content(kubeconfig({ token: 't', tokenFile: '/no' }))).resolves.toBeDefined();
    await expect(content(kubeconfig({ 'client-certificate': '/no', 'client-certificate-data': 'x', 'client-key': '/no', 'client-key-data': 'y' }))).resolves.toBeDefined();
  });
});

describe('a kubeconfig that cannot be used', () => {
  it.each([
    ['no credentials', kubeconfig({}), 'config-invalid', /^The kubeconfig has no credentials: the user "u" has no token/],
    ['a token that was filled in from nothing', kubeconfig({ token: '' }), 'config-invalid', /has no credentials/],
    ['no user', kubeconfig({}, {}, { contexts: [{ name: 'prod', context: { cluster: 'c' } }] }), 'config-invalid', /its context names no user/],
    ['a user that it does not hold', kubeconfig({}, {}, { users: [] }), 'config-invalid', /names the user "u", which it does not contain/],
    ['a cluster that it does not hold', kubeconfig({}, {}, { clusters: [{ name: 'd', cluster: { server } }] }), 'config-invalid', /names the cluster "c", which it does not contain/],
    ['a cluster without an address', kubeconfig({}, { server: '' }), 'config-invalid', /which has no `server`/],
    ['a context of no cluster', kubeconfig({}, {}, { contexts: [{ name: 'prod' }] }), 'config-invalid', /has no context "prod"/],
    ['no current-context', kubeconfig({}, {}, { 'current-context': '' }), 'config-invalid', /no `current-context`/],
    ['a program that is not installed', kubeconfig({ exec: { command: 'aws', apiVersion: 'v1' } }), 'tool-missing', /gets its credentials from aws, which is not on PATH/],
    ['a program at a path that is not there', kubeconfig({ exec: { command: './bin/login' } }), 'config-invalid', /`exec.command: .\/bin\/login`/],
  ])('for it has %s', async (_what, text, code, message) => {
    await expect(content(text)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
  it('for its context is misspelt suggests the nearest one', async () => {
    const text = kubeconfig({}, {}, { contexts: ['prod', 'staging'].map((name) => ({ name, context: { cluster: 'c', user: 'u' } })) });
    const hint = async (context: string) => check({ kubeconfig: { content: text }, context }).then(() => undefined, (error: { hint?: string }) => error.hint);
    expect(await hint('stagign')).toBe('Did you mean "staging"? Its contexts: prod, staging.');
    expect(await hint('eu-west')).toBe('Set `kube-context` to one of its contexts. Its contexts: prod, staging.');
  });
  it('names the namespace of its context', async () => {
    const of = (context: object) => content(kubeconfig({ token: 't' }, {}, { contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u', ...context } }] }));
    expect((await of({ namespace: 'shop' })).used.namespace).toBe('shop');
    expect((await of({})).used.namespace).toBeUndefined();
  });
  it.each([
    ['a client certificate', kubeconfig({ 'client-certificate-data': 'x' }), {}],
    ['a program on PATH', kubeconfig({ exec: { command: 'aws' } }), { executables: ['/bin/aws'] }],
    ['nothing over plain HTTP, where kubectl sends nothing', kubeconfig({}, { server: 'http://127.0.0.1:8001' }), {}],
  ] as const)('can be with %s', async (_what, text, world) => expect(content(text, world)).resolves.toBeDefined());
  it('is left to kubectl where it does not parse, which says the line', async () => expect(home('contexts: [')).resolves.toBeDefined());
  it('is never a defect of the action, whatever stands in it', async () => {
    await fc.assert(fc.asyncProperty(fc.dictionary(fc.constantFrom('contexts', 'clusters', 'users', 'current-context'), fc.jsonValue()), async (value) => {
      const code = await home(JSON.stringify(value)).then(() => 'fine', (error: { code?: string }) => error.code);
      expect(['fine', 'config-invalid', 'tool-missing']).toContain(code);
    }));
  });
  it('is that of all files of KUBECONFIG together', async () => {
    const files = { '/a': stringify({ 'current-context': 'prod', contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u' } }] }), '/b': stringify({ clusters: [{ name: 'c', cluster: { server } }], users: [{ name: 'u', user: { token: 't' } }] }) };
    expect((await check({}, { env: { KUBECONFIG: '/a:/missing:/b' }, files })).used.user).toEqual({ token: 't' });
  });
});

describe('credentials that expire', () => {
  const now = Date.UTC(2026, 0, 1);
  const jwt = (claims: unknown) => ['{}', JSON.stringify(claims)].map((part) => Buffer.from(part).toString('base64url')).join('.') + '.c2ln';
  const warnings = (exp: unknown, iat?: unknown) => expiresSoon(expiryOf({ token: jwt({ exp, iat }) }), now);

  it('is not reported of a token that was issued for this run', () => {
    const [hours, seconds] = [3600, now / 1000];
    expect(warnings(seconds + hours, seconds - 60)).toEqual([]);
    expect(warnings(seconds + 20 * hours, seconds - 4 * hours)).toHaveLength(1);
    expect(warnings(seconds - 1, seconds - 60)).toEqual([expect.stringContaining('expired at')]);
    expect(warnings(seconds + hours, 'now')).toHaveLength(1);
  });
  it.each([
    [now / 1000 + 8 * 86_400, []],
    [now / 1000 + 3.5 * 86_400, ['The token in the kubeconfig expires at 2026-01-04 12:00 UTC, in 3 days. Replace it before then: deployments fail once it has expired.']],
    [now / 1000 + 3600, ['The token in the kubeconfig expires at 2026-01-01 01:00 UTC, in less than a day. Replace it before then: deployments fail once it has expired.']],
    [now / 1000 - 60, ['The token in the kubeconfig expired at 2025-12-31 23:59 UTC, according to the clock of this machine.']],
    [undefined, []], ['soon', []], [1e300, []],
  ])('are warned of within a week: exp %p', (exp, expected) => expect(warnings(exp)).toEqual(expected));
  it('are read of anything without a word', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.jsonValue().map(jwt)), (token) => void expiryOf({ token, 'client-certificate-data': token })));
    const { publicKey } = generateKeyPairSync('ed25519');
    expect(expiryOf({ 'client-certificate-data': publicKey.export({ type: 'spki', format: 'der' }).toString('base64') })).toBeUndefined();
  });
});
