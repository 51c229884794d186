import { describe, expect, it } from '@jest/globals';
import type { PodSpec } from '../../../src/kubernetes/client/objects.js';
import { checkPullLogin } from '../../../src/kubernetes/preflight/pull-login.js';
import { scriptedDocker } from '../../image/fakes.js';
import { fakeCluster } from '../../target/set-image/fake-cluster.js';
import { deployment, pod } from '../judge/build.js';

const digest = `sha256:${'a'.repeat(64)}`;
const built = 'ghcr.io/acme/api:1@<digest of the build>';
const denied = { code: 1, stderr: 'ERROR: unexpected status from HEAD request: 403 Forbidden' };
const absent = { code: 1, stderr: 'ERROR: ghcr.io/acme/api:1: not found' };
const nothing = { problems: [], warnings: [] };

interface Given {
  readonly kind?: 'deployment' | 'cronjob';
  readonly reference?: string;
  readonly answer?: { readonly code?: number; readonly stderr?: string; readonly stdout?: string } | Error;
  readonly template?: PodSpec;
  /** Of its pods; undefined: it has none. */
  readonly spec?: PodSpec;
  readonly pods?: 'none';
  readonly ready?: number;
  readonly image?: string;
}

async function check({ kind = 'deployment', reference = built, answer = denied, template = {}, spec = {}, pods, ready = 0, image = 'ghcr.io/acme/api:0' }: Given = {}) {
  const docker = scriptedDocker([[/imagetools inspect/, answer]]);
  const cluster = fakeCluster({ objects: {
    [`/api/v1/namespaces/web/pods?labelSelector=${encodeURIComponent('app in (api)')}`]: { items: pods === 'none' ? [] : [{ ...pod('api-1'), spec }] } as never,
  } });
  const workload = deployment({ image, spec: { selector: { matchLabels: { app: 'api' } } }, status: { readyReplicas: ready } });
  const found = await checkPullLogin(docker.ports, cluster, { ref: 'deployment/api', kind, workload, template: { spec: { containers: [{ name: 'app', image }], ...template } } }, reference);
  return { found, calls: docker.calls, removed: docker.removed };
}

describe('a workload without a pull secret', () => {
  it('is warned of where the registry reads nothing to whoever has no login', async () => {
    const { found, calls, removed } = await check();
    expect(found).toEqual({ problems: [], warnings: [
      'ghcr.io does not let ghcr.io/acme/api:1 be read without a login, and neither the pod template of deployment/api nor its service account names imagePullSecrets. ' +
      'Unless the nodes have their own login, the new pods cannot pull the image: docs/how-to/private-registry.md describes how to create a pull secret.',
    ] });
    expect(calls).toEqual(['buildx imagetools inspect --raw -- ghcr.io/acme/api:1']);
    expect(removed).toEqual(['/tmp/private']);
  });
  it('is asked for by the digest, if that is known', async () => {
    expect((await check({ reference: `ghcr.io/acme/api:1@${digest}` })).calls).toEqual([`buildx imagetools inspect --raw -- ghcr.io/acme/api:1@${digest}`]);
  });
  it.each<[string, Given]>([
    ['the image can be read without a login', { answer: { stdout: '{"manifests":[]}' } }],
    ['the image is not there yet, and nothing is denied', { answer: absent }],
    ['the registry does not answer', { answer: new Error('no docker') }],
  ])('is fine where %s', async (_what, given) => expect((await check(given)).found).toEqual(nothing));
  it.each<[string, Given]>([
    ['its template names a pull secret', { template: { imagePullSecrets: [{ name: 'ghcr' }] } }],
    ['its pods have one of their service account', { spec: { imagePullSecrets: [{ name: 'ghcr' }] } }],
    ['its pods run an image of the repository: they have pulled it', { ready: 1 }],
    ['it has no pods that would show it', { pods: 'none' }],
    ['its pods are those of jobs', { kind: 'cronjob' }],
    ['nodes usually have their own login for the registry', { reference: '1234.dkr.ecr.eu-west-1.amazonaws.com/api:1@<digest of the build>' }],
    ['there is no image', { reference: '' }],
  ])('is not asked for where %s', async (_what, given) => expect(await check(given)).toMatchObject({ found: nothing, calls: [] }));
  it('is asked for where its pods run another image', async () => expect((await check({ ready: 1, image: 'nginx:1' })).found.warnings).toHaveLength(1));
});
