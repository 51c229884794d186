import { describe, expect, it } from '@jest/globals';
import { ApiError, type Api } from '../../../src/kubernetes/client/api.js';
import { checkPullSecret } from '../../../src/kubernetes/preflight/pull-secret.js';
import { scriptedDocker } from '../../image/fakes.js';

type Secrets = Readonly<Record<string, object | string | Error>>;

/** Secrets as the API gives them: an object is the docker configuration, a text is put in as it is. */
const apiOf = (secrets: Secrets): Pick<Api, 'find'> => ({
  find: (_resource: unknown, _namespace: string, name: string) => {
    const secret = secrets[name];
    if (secret instanceof Error) return Promise.reject(secret);
    const text = typeof secret === 'object' ? JSON.stringify(secret) : secret;
    return Promise.resolve(text === undefined ? undefined : { data: { '.dockerconfigjson': Buffer.from(text).toString('base64') } });
  },
} as unknown as Pick<Api, 'find'>);

const auth = (password: string) => ({ auth: Buffer.from(`me:${password}`).toString('base64') });
const denied = { code: 1, stderr: 'ERROR: unexpected status from HEAD request: 403 Forbidden' };
const present = { stdout: '{"manifests":[]}' };

async function check(secrets: Secrets, reference: string, ...answers: readonly { code?: number; stderr?: string; stdout?: string }[]) {
  const scripted = scriptedDocker([[/imagetools inspect/, ...answers]]);
  const template = { spec: { imagePullSecrets: Object.keys(secrets).map((name) => ({ name })) } };
  const found = await checkPullSecret(scripted.ports, apiOf(secrets), 'shop', { ref: 'deployment/web', template }, reference);
  return { found, ...scripted };
}

const image = 'ghcr.io/acme/api@sha256:' + 'a'.repeat(64);
const nothing = { problems: [], warnings: [] };
const good = { auths: { 'ghcr.io': auth('hunter2') } };

describe('the pull secrets of a workload', () => {
  it('are a problem when the registry refuses the only one, and none of it is shown', async () => {
    const { found, said, removed } = await check({ regcred: good }, image, denied);
    expect(found).toEqual({
      warnings: [],
      problems: [{
        cause: 'image-pull-denied',
        message: expect.stringMatching(/^The pull secret regcred of deployment\/web cannot read ghcr\.io\/acme\/api@sha256:a+: .*403 Forbidden/),
        hint: 'Recreate this Secret in namespace shop with a login that is allowed to read this repository.',
      }],
    });
    expect(said).toEqual(expect.arrayContaining([`mask: ${auth('hunter2').auth}`, 'mask: hunter2']));
    expect(removed).toEqual(['/tmp/private']);
  });

  it('are a problem when the registry refuses all of them', async () => {
    const { found } = await check({ old: good, older: { auths: { 'https://ghcr.io': auth('x') } } }, image, denied);
    expect(found.problems).toEqual([expect.objectContaining({ message: expect.stringContaining('The pull secrets old, older of deployment/web cannot read') })]);
  });

  it.each<[string, Secrets]>([
    ['one of them works', { old: good, fresh: good }],
    ['one of them may not be read', { old: good, hidden: new ApiError(403, 'Forbidden', 'secrets is forbidden') }],
    ['one of them has a wildcard', { old: good, wide: { auths: { '*.io': auth('y') } } }],
    ['one of them is for a path', { old: good, narrow: { auths: { 'ghcr.io/acme': auth('y') } } }],
  ])('are no problem when %s', async (_name, secrets) => {
    expect((await check(secrets, image, denied, present)).found).toEqual(nothing);
  });

  it.each<[string, object | string]>([
    ['another registry', { auths: { 'quay.io': auth('x') } }],
    ['a registry whose name holds this one', { auths: { 'mirror-ghcr.io': auth('x') } }],
    ['nothing', 'no JSON'],
    ['nothing that the kubelet can read', { auths: { 'ghcr.io': { auth: 5 } } }], ['nothing in the form of docker', { auths: ['ghcr.io'] }],
  ])('are not asked when they are for %s', async (_name, secret) => {
    const { found, calls } = await check({ regcred: secret }, image);
    expect(found).toEqual(nothing);
    expect(calls).toEqual([]);
  });

  it.each([
    'https://index.docker.io/v1/', 'https://index.docker.io/v2/', 'index.docker.io', 'docker.io', 'https://docker.io', 'registry-1.docker.io',
  ])('for Docker Hub are known by %s, and asked under the key that docker looks up', async (key) => {
    const { found, written } = await check({ hub: { auths: { 'quay.io': auth('y'), [key]: auth('x') } } }, `acme/api@sha256:${'a'.repeat(64)}`, denied);
    expect(found.problems).toHaveLength(1);
    expect(JSON.parse(written.get('/tmp/private/config.json') ?? '')).toEqual({ auths: { 'https://index.docker.io/v1/': auth('x') } });
  });

  it('are no problem when one of several logins of a Secret works', async () => {
    const hub = { auths: { 'https://index.docker.io/v1/': auth('old'), 'docker.io': auth('fresh') } };
    const { found, calls } = await check({ hub }, `acme/api@sha256:${'a'.repeat(64)}`, denied, present);
    expect([found, calls.length]).toEqual([nothing, 2]);
    expect((await check({ hub }, `acme/api@sha256:${'a'.repeat(64)}`, denied)).found.problems).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^The pull secret hub of deployment\/web cannot read/) }),
    ]);
  });

  it.each([
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com', '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com', '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
    'gcr.io', 'eu.gcr.io', 'europe-west1-docker.pkg.dev', 'acme.azurecr.io',
  ])('are a warning for %s, whose nodes usually have a login of their own', async (registry) => {
    const { found } = await check({ regcred: { auths: { [registry]: auth('x') } } }, `${registry}/acme/api@sha256:${'a'.repeat(64)}`, denied);
    expect(found).toEqual({
      problems: [], warnings: [expect.stringMatching(/^The pull secret regcred of deployment\/web cannot read .*403 Forbidden\. Nodes often have their own login for .*; without one they cannot pull the image\.$/s)],
    });
  });
});
