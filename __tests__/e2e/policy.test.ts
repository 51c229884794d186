import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi, type Any } from './harness/api.js';
import { inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { grant } from './harness/rights.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { configmap } from './harness/workloads.js';
import { withSettings } from './harness/workspace.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

/** In days from now, as a date. */
const date = (days: number): string => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 10);
const rulesOf = ({ report }: Any): string[] => report.policy.findings.map(({ rule, level }: Any) => `${rule} ${level}`);

const inProduction = { ENABLE_DEBUG: 'is false' };
const debugging = { envFrom: [{ configMapRef: { name: 'settings' } }], env: [{ name: 'DB_PASSWORD', value: 'hunter22-hunter22' }] };

describe('a policy', () => {
  it.concurrent('that denies: nothing is changed, all findings are named, and secrets are not shown', inSpace('policy', async (space) => {
    await space.apply(configmap('settings', { ENABLE_DEBUG: 'true' }));
    await startHealthy(space, { container: debugging });
    const [before, running] = [await snapshotOf(space), await runningImages(space, 'web')];
    const image = await variant('v2');
    const policy = { 'rules': { 'plain-secrets': 'deny', 'non-root': 'deny' }, 'env': inProduction };
    const result = await withSettings({ policy }, (workspace) => runAction({ workspace, inputs: rolloutInputs(space, image) }));
    expectEnding(result, { verdict: 'failed', cause: 'policy-denied', stage: 'preflight' });
    // Underscores and brackets are escaped in the summary.
    expectTold(result, 'DEBUG set to "true", from the ConfigMap settings, which must be "false"', 'what looks like a secret in plain text in its variable DB', 'runs as root, because its image sets no other user');
    expect(result.log).toContain('in its variable DB_PASSWORD (spec.template.spec.containers[0].env[0])');
    expect(rulesOf(result)).toEqual(['env deny', 'plain-secrets deny', 'non-root deny']);
    expectHidden(result, 'hunter22-hunter22');
    expect([await snapshotOf(space), await runningImages(space, 'web')]).toEqual([before, running]);
    // What is denied to a deployment is not denied to the way back, and an exception lets it pass.
    const allow = ['env', 'plain-secrets', 'non-root'].map((rule) => ({ rule, subject: 'deployment/web', reason: 'the vendor image needs it', until: date(60) }));
    const next = await withSettings({ policy: { ...policy, allow } }, (workspace) => runAction({ workspace, inputs: rolloutInputs(space, image) }));
    expectEnding(next, { verdict: 'deployed' });
    expect(rulesOf(next)).toEqual(['env allowed', 'plain-secrets allowed', 'non-root allowed']);
  }));

  it.concurrent('that warns: the plan and the run say so, and the version is deployed', inSpace('policy', async (space) => {
    await startHealthy(space, { container: { env: [{ name: 'ENABLE_DEBUG', value: 'true' }] } });
    const image = await variant('v2');
    const policy = { rules: { env: 'warn', connections: 'warn' }, env: inProduction, connections: { limit: 10, pool: 10 }, commands: ['grep -q "kind" "$DEPLOY_OBJECTS"', 'test "$(grep -c ENABLE_DEBUG "$DEPLOY_OBJECTS")" = 1'] };
    const settings = { policy };
    const inputs = rolloutInputs(space, image);
    const said = 'Policy `env`: Container web of deployment/web has ENABLE_DEBUG set to "true", which must be "false"';
    const planned = await withSettings(settings, (workspace) => runAction({ workspace, inputs: { ...inputs, 'dry-run': 'true' } }));
    expectEnding(planned, { verdict: 'planned' });
    expect(planned.report.plan.warnings.join('\n')).toContain(said);
    const result = await withSettings(settings, (workspace) => runAction({ workspace, inputs }));
    expectEnding(result, { verdict: 'deployed' });
    // The documented Role does not allow autoscalers to be listed.
    expect(result.report.warnings).toEqual([
      expect.stringContaining(said), expect.stringMatching(/^Policy `connections`: The pods can open 30 connections/), expect.stringContaining('HorizontalPodAutoscalers cannot be listed'),
    ]);
    expect(rulesOf(result)).toEqual(['env warn', 'connections warn']);
  }));

  it.concurrent('sees autoscalers and the certificates of Ingresses, where the account is allowed to', inSpace('policy', async (space) => {
    await startHealthy(space);
    await grant(
      space,
      { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] }, { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['list'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['web-tls'] },
    );
    const { key, cert } = selfSigned(5);
    await space.apply(
      { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 10 } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web-tls' }, type: 'kubernetes.io/tls', stringData: { 'tls.key': key, 'tls.crt': cert } },
      {
        apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web' },
        spec: { tls: [{ hosts: ['web.example'], secretName: 'web-tls' }], rules: [{ host: 'web.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
      },
    );
    const policy = { rules: { connections: 'deny', certificates: 'deny' }, connections: { limit: 100, pool: 10 }, certificates: { days: 14, ingresses: true } };
    const image = await variant('v2');
    const result = await withSettings({ policy }, (workspace) => runAction({ workspace, inputs: rolloutInputs(space, image) }));
    expectEnding(result, { verdict: 'failed', cause: 'policy-denied', stage: 'preflight' });
    expectTold(result, 'The certificate of ingress/web (the Secret web-tls) expires on', 'The pods can open 130 connections to the database, and the limit is 100: deployment/web (10 by autoscaler web + 3 of a rollout)');
    expectHidden(result, key.split('\n')[1] ?? '');
  }));

  it.concurrent('looks at files of the repository and at the host of the environment', inSpace('policy', async (space) => {
    await startHealthy(space);
    const { key, cert } = selfSigned(5);
    const server = createServer({ key, cert });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    try {
      const policy = { rules: { 'plain-secrets': 'deny' }, certificates: { days: 14 }, files: ['deploy'] };
      const image = await variant('v2');
      const inputs = rolloutInputs(space, image, { 'environment-url': `https://127.0.0.1:${(server.address() as AddressInfo).port}/start` });
      const run = (password: string) => withSettings({ policy }, (workspace) => {
        mkdirSync(join(workspace, 'deploy'));
        writeFileSync(join(workspace, 'deploy/compose.yml'), `services:\n  db:\n    image: postgres:15-alpine\n    environment:\n      POSTGRES_PASSWORD: ${password}\n`);
        return runAction({ workspace, inputs });
      });
      const denied = await run('hunter22-hunter22');
      expectEnding(denied, { verdict: 'failed', cause: 'policy-denied', stage: 'preflight' });
      // On GitHub it is shown beside the line.
      expect(denied.commands.filter(({ name }) => name === 'error')).toMatchObject([{ properties: { file: 'deploy/compose.yml', line: '5' } }]);
      expect(denied.report.policy.findings).toMatchObject([{ rule: 'plain-secrets', level: 'deny', place: { file: 'deploy/compose.yml', line: 5 } }, { rule: 'certificates', level: 'warn' }]);
      expectHidden(denied, 'hunter22-hunter22');
      const fixed = await run('${POSTGRES_PASSWORD}');
      expectEnding(fixed, { verdict: 'deployed' });
      expect(fixed.report.warnings).toEqual([expect.stringMatching(/^Policy `certificates`: The certificate of https:\/\/127\.0\.0\.1:\d+ \(environment-url\) expires on \d{4}-\d\d-\d\d, in 4 days\. Renew/)]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }));
});

/** A certificate that is valid for so many days, with its key. */
function selfSigned(days: number): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'policy-e2e-'));
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days), '-subj', '/CN=web.example',
      '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    return { key: readFileSync(join(folder, 'key'), 'utf8'), cert: readFileSync(join(folder, 'cert'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
