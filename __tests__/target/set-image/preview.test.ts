import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import { digestOfBuild } from '../../../src/outcome/plan.js';
import { preview } from '../../../src/target/set-image/preview.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { deployment, newImage, oldImage, target } from '../../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster } from './fake-cluster.js';

const ref = { kind: 'deployment', name: 'api' } as const;
const annotations = { 'team': 'web', 'kubectl.kubernetes.io/last-applied-configuration': '{"password":"x"}', 'deployment.kubernetes.io/revision': '7' };
const base = deployment({ image: oldImage });
const workload = { ...base, metadata: { ...base.metadata, annotations } } as Workload;
const unbuilt = target('deployment', { containers: [{ name: 'app', before: oldImage, after: `registry.example/api:2@${digestOfBuild}` }] });

const look = async (cluster: ReturnType<typeof fakeCluster>, changes = [target()]) => {
  cluster.put(deploymentPath, workload as KubeObject);
  return preview({ ports: fakePorts() }, { cluster, found: [{ ref, workload }] }, changes);
};
const changedLines = ([difference]: Awaited<ReturnType<typeof look>>['differences']) => {
  const [old, now] = [difference?.old.split('\n') ?? [], difference?.new.split('\n') ?? []];
  return [old.filter((line) => !now.includes(line)), now.filter((line) => !old.includes(line))].map((lines) => lines.map((line) => line.trim()));
};
const refusing = (error: ApiError) => {
  const cluster = fakeCluster({});
  cluster.troubles.push({ method: 'PATCH', trouble: error });
  return cluster;
};

describe('what a change would make of a workload', () => {
  it('is what the API server would store, and nothing is changed', async () => {
    const cluster = fakeCluster({});
    const { differences, problems } = await look(cluster);
    expect(problems).toEqual([]);
    expect(differences).toEqual([{ subject: 'deployment/api', old: expect.any(String), new: expect.any(String) }]);
    expect(changedLines(differences)).toEqual([[`- image: ${oldImage}`], [`- image: ${newImage}`]].map((lines) => lines.map((line) => line.replace('- ', ''))).map((lines) => lines.map((line) => expect.stringContaining(line))));
    expect((cluster.objects.get(deploymentPath) as Workload).spec?.template?.spec?.containers?.[0]?.image).toBe(oldImage);
  });
  it('has the annotations of people, and not the bookkeeping', async () => {
    const { differences: [difference] } = await look(fakeCluster({}));
    expect(difference?.old).toContain('team: web');
    expect(difference?.old).not.toMatch(/last-applied|revision|password|uid|resourceVersion/);
  });
  it('includes what admission changes', async () => {
    const cluster = fakeCluster({ admit: (object: KubeObject) => ({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata?.labels, injected: 'yes' } } }) });
    expect(changedLines((await look(cluster)).differences)[1]).toContain('injected: yes');
  });
  it('has a placeholder for a digest that only the build determines', async () => {
    const { differences } = await look(fakeCluster({}), [unbuilt]);
    expect(changedLines(differences)[1]).toEqual([expect.stringContaining(`image: registry.example/api:2@${digestOfBuild}`)]);
  });
  it('is nothing where nothing differs', async () => {
    const same = target('deployment', { containers: [{ name: 'app', before: oldImage, after: oldImage }] });
    expect(await look(fakeCluster({}), [same])).toEqual({ differences: [], problems: [] });
  });
  it('are the images alone where the account is not allowed to patch', async () => {
    const { differences, problems } = await look(refusing(new ApiError(403, 'Forbidden', 'deployments.apps "api" is forbidden: User "ci" cannot patch resource "deployments" in API group "apps"')));
    expect(problems).toEqual([]);
    expect(differences).toMatchObject([{ note: expect.stringContaining('this account is not allowed to patch deployment/api') }]);
    expect(changedLines(differences)[1]).toEqual([expect.stringContaining(`image: ${newImage}`)]);
  });
  it.each<[string, ApiError]>([
    ['the server is away', new ApiError(0, 'NoAnswer', 'no answer')], ['a webhook is away', new ApiError(500, 'InternalError', 'failed calling webhook "x": no route')],
  ])('are the images alone where %s', async (_, error) => {
    const { differences, problems } = await look(refusing(error));
    expect([problems, differences[0]?.note]).toEqual([[], expect.stringContaining('the dry run failed')]);
  });
  it('is a problem where a policy rejects it', async () => {
    const { problems } = await look(refusing(new ApiError(400, 'BadRequest', 'admission webhook "signed.example" denied the request: no signature')));
    expect(problems).toEqual([{ cause: 'admission-denied', message: 'The API server rejects the change of deployment/api: Admission webhook "signed.example" denied the request: no signature.', hint: expect.any(String) }]);
  });
  it('is no problem where the rejected digest is a placeholder', async () => {
    const { problems, differences } = await look(refusing(new ApiError(400, 'BadRequest', `admission webhook "x" denied the request: sha256:${'0'.repeat(64)} has no signature`)), [unbuilt]);
    expect([problems, differences[0]?.note]).toEqual([[], expect.stringContaining(`${digestOfBuild} has no signature. The image is not built yet`)]);
  });
});
