import type { EnvironmentSettings } from '../environment-settings.js';
import { longLimit } from '../kit/limits.js';
import { list } from '../kit/list.js';
import { fallbacksOf, object } from '../kit/object.js';
import { flag, word } from '../kit/text.js';
import { section, type Values } from '../setting.js';
import { argument, path } from '../values/argument.js';
import { connections, count } from '../values/connections.js';
import { exceptions } from '../values/exceptions.js';
import { isProductionName } from '../values/production.js';
import { defaultLevels, policyRuleNames, ruleLevels, type PolicyLevels } from '../values/policy-rules.js';
import { requirements } from '../values/requirement.js';
import { scriptLines } from '../values/script.js';

const probeNames = ['readiness', 'liveness', 'startup'] as const;
const resourceNames = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'] as const;

const fields = {
  rules: {
    description: `Level of each rule: \`off\`, \`warn\` or \`deny\`. With \`deny\`, a finding ends the run before anything is changed. The rules are ${policyRuleNames.map((name) => `\`${name}\``).join(', ')}.`,
    default: 'the levels in docs/policy.md',
    examples: [{ 'non-root': 'deny', 'probes': 'warn' }],
    kind: ruleLevels,
  },
  env: {
    description: 'What environment variables of the containers that get the image must be like: `set`, `unset`, `is VALUE` or `is not VALUE`; `|` separates several values.',
    examples: [{ ENABLE_DEBUG: 'is false', DATABASE_URL: 'set' }],
    kind: requirements,
  },
  probes: {
    description: 'Probes that containers which serve a Service must have: `readiness`, `liveness`, `startup`.',
    fallback: 'readiness',
    kind: list(word(probeNames), { expects: 'a list of probes', separator: ',' }),
  },
  resources: {
    description: 'Requests and limits that containers must have: `requests.cpu`, `requests.memory`, `limits.cpu`, `limits.memory`.',
    fallback: 'requests.cpu, requests.memory, limits.memory',
    kind: list(word(resourceNames), { expects: 'a list of requests and limits', separator: ',' }),
  },
  certificates: {
    description: 'Settings of the rule `certificates`.',
    kind: object({
      days: { description: 'Days for which a certificate must still be valid.', default: '14, or a third of its lifetime if that is shorter', kind: count },
      ingresses: {
        description: '`true`: also check the certificates in the Secrets of Ingresses that lead to the workloads. The account needs `list ingresses` and `get secrets` for that.',
        fallback: 'false', kind: flag,
      },
    }),
  },
  connections: { description: 'The limit of the rule `connections`: (pods + pods of a rollout) × processes × pool must not exceed it.', kind: connections },
  'compare-with': {
    description: 'Other environments of the settings file. The rule `environments` compares the names of the environment variables of the same workloads in their namespaces, if the account can read them there.',
    examples: [['staging']],
    kind: list(argument('the name of an environment'), { expects: 'a list of environments', separator: ',', mayBeEmpty: true }),
  },
  files: {
    description: 'Compose files and Kubernetes manifests of the repository to which the rules are applied as well, or folders of them.',
    examples: [['docker-compose.yml', 'k8s']],
    kind: list(path, { expects: 'a list of paths', mayBeEmpty: true }),
  },
  commands: {
    description: 'Policy tools of your own, such as `conftest` or `kyverno`. Each runs like `test`, in `working-directory`, with the path of a YAML file of all objects, as they would be after the change, in `DEPLOY_OBJECTS`. '
      + 'An exit code other than 0 is a finding. They must not change anything: a dry run runs them too.',
    examples: [['conftest test --policy policy "$DEPLOY_OBJECTS"']],
    kind: list(scriptLines('a command'), { expects: 'a list of commands', longest: longLimit, mayBeEmpty: true }),
  },
  allow: {
    description: 'Exceptions: findings that are acceptable until a date. A finding with an exception does not deny anything.',
    kind: exceptions,
  },
} as const;

/** The rollback action ignores policies: restoring a good release must always be possible. */
export const policy = section('Policy', ['deploy', 'rollout', 'pr-check'], {
  policy: {
    description: 'Rules for what is deployed, checked before anything is changed, also in a dry run. docs/policy.md describes each rule.',
    examples: [{ rules: { 'non-root': 'deny' }, env: { ENABLE_DEBUG: 'is false' } }],
    kind: object(fields),
  },
});

const noCertificates: { readonly days?: number; readonly ingresses: boolean } = { ingresses: false };

/** What decides whether the environment is production. */
interface OfEnvironment {
  readonly environment?: string;
  readonly 'production-environment'?: boolean;
}

/** The rules for what is deployed. @param environments of the settings file */
export const policyOf = (values: Values<typeof policy.settings> & OfEnvironment, workingDirectory: string, environments: readonly EnvironmentSettings[]) => {
  const { policy: given, environment = '', 'production-environment': production = isProductionName(environment) } = values;
  const { rules, env = {}, probes, resources, certificates = noCertificates, connections: budget, ...lists } = { ...fallbacksOf(fields), ...given };
  const { commands = [], files = [], allow = [], 'compare-with': compareWith = [] } = lists;
  const levels: PolicyLevels = { ...defaultLevels, ...rules };
  return {
    levels,
    /** By the name of the variable. */
    env,
    /** Whether the environment is production. */
    production, probes, resources, certificates, connections: budget,
    /** Each as its lines, run in that folder. */
    commands, workingDirectory,
    /** Relative to the workspace. */
    files,
    allow,
    /** Other environments whose workloads are compared, and the settings of all; empty unless they are. */
    compareWith, environments: levels.environments === 'off' ? [] : environments,
  };
};
export type PolicyConfig = ReturnType<typeof policyOf>;
