import { bad, good, quote, type Checked } from '../kit/checked.js';
import { suggestion } from '../kit/did-you-mean.js';
import { map } from '../kit/map.js';
import { parseChoice } from '../kit/text.js';

const policyLevels = ['off', 'warn', 'deny'] as const;
export type PolicyLevel = (typeof policyLevels)[number];

interface DeclaredRule {
  /** What it reports, in a sentence for users, in Markdown. */
  readonly finds: string;
  /** Its level unless the settings give another. */
  readonly level: PolicyLevel;
  /** Where the level has no effect without another setting: which one. */
  readonly by?: string;
}

/**
 * Every policy rule, in the order of docs/policy.md, which is generated from this and from src/policy/rules/. On by default is
 * only what is wrong in any app, and what the settings name themselves. @public for scripts/generate
 */
export const policyRules = {
  'env': { level: 'deny', by: '`policy.env`', finds: 'Environment variables that are not as `policy.env` requires.' },
  'debug-in-production': { level: 'warn', finds: 'Debug modes and development environments in production: `ENABLE_DEBUG=true`, `NODE_ENV=development`.' },
  'plain-secrets': { level: 'warn', finds: 'Secrets in plain text in pod templates, in the ConfigMaps that they use, and in `policy.files`.' },
  'mutable-tags': { level: 'warn', finds: 'Images with a moving tag (`latest`, `main`) that nodes do not pull again, because the pull policy is `IfNotPresent`.' },
  'probes': { level: 'off', finds: 'Containers that serve a Service and lack a probe of `policy.probes`.' },
  'resources': { level: 'off', finds: 'Containers without the requests and limits of `policy.resources`.' },
  'non-root': { level: 'off', finds: 'Containers that run as root, or that nothing prevents from it.' },
  'deprecated-apis': { level: 'warn', finds: 'Manifests with an API version that the cluster no longer serves, or that a later version of Kubernetes removes.' },
  'egress': { level: 'warn', finds: 'NetworkPolicies in `policy.files` that cut their pods off from everything, DNS included.' },
  'certificates': { level: 'warn', finds: 'TLS certificates of `environment-url` and of smoke checks by `https://` that expire within `policy.certificates.days`.' },
  'connections': { level: 'warn', by: '`policy.connections`', finds: 'More database connections than `policy.connections.limit` if all pods, and those of a rollout, use their whole pool.' },
  'environments': { level: 'off', finds: 'Settings and environment variables that one environment has and another lacks.' },
  'commands': { level: 'deny', by: '`policy.commands`', finds: 'Commands of `policy.commands` that exit with a code other than 0.' },
  'exceptions': { level: 'warn', by: '`policy.allow`', finds: 'Exceptions that have expired or are about to, and those that match nothing.' },
} as const satisfies Readonly<Record<string, DeclaredRule>>;

export type PolicyRuleName = keyof typeof policyRules;
export const policyRuleNames = Object.keys(policyRules) as readonly PolicyRuleName[];

export type PolicyLevels = Readonly<Record<PolicyRuleName, PolicyLevel>>;

/** The level of every rule without settings. */
export const defaultLevels = Object.fromEntries(policyRuleNames.map((name) => [name, policyRules[name].level])) as PolicyLevels;

/** The name of a rule, as `policy.rules` and exceptions have it. */
export function parseRuleName(text: string): Checked<PolicyRuleName> {
  const name = policyRuleNames.find((known) => known === text);
  return name === undefined ? bad(`has ${quote(text)}, which is not a policy rule`, suggestion(text, policyRuleNames, 'docs/policy.md lists the rules.')) : good(name);
}

/** One rule with its level. */
function parseLevel(name: string, text: string): Checked<readonly [PolicyRuleName, PolicyLevel]> {
  const rule = parseRuleName(name);
  if (!rule.ok) return rule;
  const level = parseChoice(policyLevels)(text);
  return level.ok ? good([rule.value, level.value] as const) : level;
}

export const ruleLevels = map(parseLevel, {
  expects: 'a map of rules and levels', names: { enum: policyRuleNames }, values: { enum: policyLevels },
});
