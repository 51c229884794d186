import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi, type Any } from './harness/api.js';
import { inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
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
});
