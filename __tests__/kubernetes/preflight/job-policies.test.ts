import { describe, expect, it } from '@jest/globals';
import type { NetworkPolicy } from '../../../src/kubernetes/client/objects.js';
import { missedByJob } from '../../../src/kubernetes/preflight/job-policies.js';

const labels = { workload: { app: 'api', tier: 'web' }, job: { 'tier': 'web', 'deploy-action/app': 'api', 'deploy-action/purpose': 'migrate' } };
const policy = (name: string, spec: NetworkPolicy['spec']): NetworkPolicy => ({ metadata: { name }, spec });
const found = (...policies: NetworkPolicy[]): string[] => missedByJob(policies, 'api', labels).map((each) => each.slice(0, each.indexOf(',')));

const denied = policy('default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
const out = (matchLabels: Record<string, string>): NetworkPolicy => policy('to-database', { podSelector: { matchLabels }, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: { matchLabels: { app: 'db' } } }] }] });
const into = (...from: object[]): NetworkPolicy => policy('database', { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress: [{ from }] });
const podsWith = (matchLabels: Record<string, string>): object => ({ podSelector: { matchLabels } });

describe('a NetworkPolicy that knows the workload, and not its Job', () => {
  it('allows connections from it, where others forbid all that are not allowed', () => {
    expect(found(denied, out({ app: 'api' }))).toEqual(['NetworkPolicy to-database allows connections from the pods of the workload']);
    expect(missedByJob([denied, out({ app: 'api' })], 'api', labels)[0]).toMatch(/which has none of their selecting labels\. Allow pods with the label deploy-action\/app: api as well\.$/);
  });
  it('does not matter where nothing is forbidden to the Job, or it has the label', () => {
    expect([found(out({ app: 'api' })), found(denied, out({ tier: 'web' })), found(denied)]).toEqual([[], [], []]);
  });
  it('admits connections from it to the database', () => {
    expect(found(into(podsWith({ app: 'api' })))).toEqual(['NetworkPolicy database admits connections from the pods of the workload']);
  });
  it.each([
    ['by a label that the Job has', [podsWith({ tier: 'web' })]], ['with the label of its Jobs', [podsWith({ app: 'api' }), podsWith({ 'deploy-action/app': 'api' })]], ['all', []],
    ['by addresses, which are not known', [{ ipBlock: { cidr: '10.0.0.0/8' } }]], ['other workloads only', [podsWith({ app: 'worker' })]],
  ] as const)('is not reported where it admits %s', (_what, from) => {
    expect(found(into(...from))).toEqual([]);
  });
});
