import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { faultProxy } from './harness/api-fault-proxy.js';
import { closeApi, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { root } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { once, rollingOut } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { rightOf } from './harness/right-of.js';
import { runAction, type SignalPlan } from './harness/run-action.js';
import { configmap } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const role = parseAllDocuments(readFileSync(join(root, 'docs/rbac.yaml'), 'utf8')).map((document) => document.toJS()).find(({ kind }) => kind === 'Role');
const granted = role.rules.flatMap(({ apiGroups, resources, verbs }: Any) =>
  apiGroups.flatMap((group: string) => resources.flatMap((resource: string) => verbs.map((verb: string) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`))));

const all = 'deployment/web\nstatefulset/db\ndaemonset/agent\ncronjob/nightly';
const smoke = (version: string): string => `service/web/ -> 200 contains ${version}\nservice/db/ -> 200 contains ${version}`;
const killed: SignalPlan = { at: rollingOut, send: [{ signal: 'SIGKILL', afterMs: 0 }] };

/** Every kind of workload, a ConfigMap that a pod names, and each thing that a run can come to. */
async function everyRun(space: Space, kubeconfig: string): Promise<void> {
  await space.apply(configmap('settings', { greeting: 'hi' }));
  await startHealthy(space, { container: { envFrom: [{ configMapRef: { name: 'settings' } }] } });
  await startHealthy(space, { kind: 'StatefulSet', name: 'db' });
  await startHealthy(space, { kind: 'DaemonSet', name: 'agent' });
  await startHealthy(space, { kind: 'CronJob', name: 'nightly' });
  const inputs = (image: Any, version: string): Record<string, string> => rolloutInputs(space, image, { kubeconfig, workloads: all, smoke: smoke(version) });

  // One that waits for another, and takes the lock after it.
  const [v2, v3] = [await variant('v2', `${calm},slow-ready=15s`), await variant('v3')];
  const second = once(rollingOut, async () => expectEnding(await runAction({ inputs: inputs(v3, 'v3'), env: { GITHUB_RUN_ID: '4712' } }), { verdict: 'deployed' }));
  expectEnding(await runAction({ inputs: inputs(v2, 'v2'), onLine: second.onLine }), { verdict: 'deployed' });
  await second.done();
  // One that fails: evidence, rollback, and a StatefulSet that has to be freed of its broken pod.
  expectEnding(await runAction({ inputs: inputs(await variant('v4', 'crash'), 'v4') }), { verdict: 'rolled-back', cause: 'crash-loop' });
  // One that dies, and one that finishes it first, and goes back from what was there before.
  await runAction({ inputs: inputs(await variant('v5', 'slow-ready=60s'), 'v5'), signals: killed, withoutPost: true });
  const back = await runAction({ action: 'rollback', inputs: { kubeconfig, namespace: space.name, image: v3.name, workloads: all, smoke: smoke('v2') }, env: { GITHUB_RUN_ID: '4713' } });
  expect(back.report.recovery).toMatchObject({ result: 'restored' });
  expectEnding(back, { verdict: 'deployed' });
}

describe('the documented Role', () => {
  it.concurrent('is made use of to the last verb, and is enough', inSpace('rights', async (space) => {
    const proxy = await faultProxy(space);
    try {
      await everyRun(space, proxy.kubeconfig);
      const allowed = proxy.requests.filter(({ status }) => status !== 403 && status !== 401);
      expect([...new Set(allowed.flatMap((request) => rightOf(request) ?? []))].sort()).toEqual([...granted].sort());
      // What is refused is only ever looked at if it may be: Secrets, quotas and nodes help the preflight to see more.
      const refused = proxy.requests.filter(({ status }) => status === 403).map(({ method, path }) => `${method} ${new URL(path, 'http://server').pathname.split('/').slice(0, path.includes('/namespaces/') ? 6 : 4).at(-1)}`);
      expect([...new Set(refused)].filter((each) => !['GET secrets', 'GET resourcequotas', 'GET nodes', 'GET serviceaccounts'].includes(each))).toEqual([]);
    } finally {
      await proxy.close();
    }
  }));

  it.concurrent('is all that the account of the tests has', inSpace('rights', async (space) => {
    const review = await asAccount(space, { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: space.name } });
    const rules = review.status.resourceRules.filter(({ apiGroups }: Any) => !apiGroups.some((group: string) => /^(authorization|authentication)\.k8s\.io$/.test(group)));
    const has = rules.flatMap(({ apiGroups, resources, verbs }: Any) =>
      apiGroups.flatMap((group: string) => resources.flatMap((resource: string) => verbs.map((verb: string) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`))));
    expect([...new Set(has)].sort()).toEqual([...granted].sort());
  }));
});

/** Asked as the account that deploys. */
async function asAccount(space: Space, body: Any): Promise<Any> {
  const proxy = await faultProxy(space);
  try {
    const { clusters } = JSON.parse(readFileSync(proxy.kubeconfig, 'utf8'));
    const answer = await fetch(`${clusters[0].cluster.server}/apis/authorization.k8s.io/v1/selfsubjectrulesreviews`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    return await answer.json();
  } finally {
    await proxy.close();
  }
}
