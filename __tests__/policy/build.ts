import type { PolicyConfig } from '../../src/config/config.js';
import { policyOf } from '../../src/config/sections/policy.js';
import { defaultLevels, policyRuleNames, type PolicyLevels, type PolicyRuleName } from '../../src/config/values/policy-rules.js';
import type { PolicyFinding } from '../../src/outcome/policy.js';
import { nothingInspected, type PolicyFacts, type PolicyObject } from '../../src/policy/input.js';
import { review } from '../../src/policy/review.js';

type Any = Readonly<Record<string, unknown>>;

export const now = Date.parse('2026-12-01T12:00:00Z');

/** The rules as the settings have them by default, with changes. */
export const settings = (changes: Partial<Omit<PolicyConfig, 'levels'>> & { readonly levels?: Partial<PolicyLevels> } = {}): PolicyConfig =>
  ({ ...policyOf({}, '.', []), ...changes, levels: { ...defaultLevels, ...changes.levels } });

/** Only this rule, which denies. */
export const only = (rule: PolicyRuleName): Partial<PolicyLevels> => ({ ...Object.fromEntries(policyRuleNames.map((name) => [name, 'off'])), [rule]: 'deny' });

export const facts = (changes: Partial<PolicyFacts> = {}): PolicyFacts => ({ ...nothingInspected, now, buildArgs: {}, commands: [], ...changes });

export interface PodOptions {
  readonly kind?: string;
  readonly name?: string;
  readonly containers?: readonly Any[];
  readonly initContainers?: readonly Any[];
  /** Of the pod. */
  readonly pod?: Any;
  /** Of the workload. */
  readonly spec?: Any;
  readonly status?: Any;
  readonly annotations?: Any;
  readonly labels?: Any;
  /** Containers whose image the run sets: `app` unless given. */
  readonly deployed?: readonly string[];
}

const own = { name: 'app', image: 'r.example/api@sha256:1' };

/** A workload as it is in a cluster. */
export function workload({ kind = 'Deployment', name = 'api', containers = [own], deployed = ['app'], ...of }: PodOptions = {}): PolicyObject {
  const pod = { containers, ...of.initContainers ? { initContainers: of.initContainers } : {}, ...of.pod };
  const template = { metadata: { labels: of.labels ?? { app: name } }, spec: pod };
  const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template, ...of.spec } } } : { template, ...of.spec };
  return {
    subject: `${kind.toLowerCase()}/${name}`, origin: { kind: 'cluster' }, form: 'kubernetes', deployed: new Set(deployed),
    object: { apiVersion: kind === 'CronJob' ? 'batch/v1' : 'apps/v1', kind, metadata: { name, annotations: of.annotations ?? {} }, spec, status: of.status },
  };
}

/** A workload whose only container has this in addition to its name. */
export const withContainer = (container: Any, options: PodOptions = {}): PolicyObject => workload({ containers: [{ ...own, ...container }], ...options });

/** A service of a compose file; every part of it is on line 7. */
export const compose = (service: Any, name = 'web'): PolicyObject => ({
  subject: `compose.yml: service/${name}`, form: 'compose-service', object: service, origin: { kind: 'file', file: 'compose.yml', within: ['services', name], lineOf: () => 7 },
});

/** An object of a manifest. */
export const manifest = (object: Any, name = 'api'): PolicyObject => ({
  subject: `k8s.yml: ${String(object['kind'])}/${name}`, form: 'kubernetes', object, origin: { kind: 'file', file: 'k8s.yml', within: [], lineOf: () => 3 },
});

interface Given {
  readonly settings?: Partial<PolicyConfig>;
  readonly facts?: Partial<PolicyFacts>;
}

/** What one rule finds. */
export const found = (rule: PolicyRuleName, objects: readonly PolicyObject[], of: Given = {}): readonly PolicyFinding[] =>
  review({ ...settings({ levels: only(rule) }), ...of.settings, levels: { ...defaultLevels, ...only(rule) } }, facts({ objects, ...of.facts })).findings;

export const messages = (...of: Parameters<typeof found>): readonly string[] => found(...of).map(({ message }) => message);
