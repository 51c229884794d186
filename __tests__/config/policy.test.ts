import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { blocksOf } from '../../scripts/docs/markdown.mjs';
import type { PolicyConfig } from '../../src/config/config.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import { parseTexts } from './parse-texts.js';

const base = 'image: ghcr.io/acme/api\nworkloads: [deployment/api]\n';
const parse = (text: string, environment?: string) => parseTexts({ action: 'deploy', inputs: environment === undefined ? {} : { environment }, text: base + text });
const policyIn = (text: string, environment?: string): PolicyConfig => parse(`policy:\n${text}`, environment).config.policy;

function problems(text: string): readonly string[] {
  try {
    parse(`policy:\n${text}`);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems.map((problem) => describeProblem({ ...problem, file: undefined })) : [String(error)];
  }
}

describe('policy', () => {
  it('has levels and settings without a word in the file', () => {
    const { levels, ...rest } = parse('').config.policy;
    expect(Object.entries(levels).filter(([, level]) => level === 'warn').map(([name]) => name)).toEqual(['debug-in-production', 'plain-secrets', 'mutable-tags', 'deprecated-apis', 'egress', 'certificates', 'connections', 'exceptions']);
    expect(rest).toEqual({
      env: {}, production: false, probes: ['readiness'], resources: ['requests.cpu', 'requests.memory', 'limits.memory'], certificates: { ingresses: false }, connections: undefined,
      commands: [], workingDirectory: '.', files: [], allow: [], compareWith: [], environments: [],
    });
  });

  it('is read', () => {
    expect(policyIn(`
  rules: { non-root: deny, probes: warn, plain-secrets: off }
  env: { ENABLE_DEBUG: is false, LOG_LEVEL: is not debug | trace, KEY: set, OLD: unset }
  probes: [readiness, liveness]
  resources: limits.memory
  certificates: { days: 30 }
  connections: { limit: 97, pool: $(DB_POOL), processes: 4 }
  files: [compose.yml, k8s]
  commands: [conftest test "$DEPLOY_OBJECTS", "a\\nb"]
  allow:
    - { rule: non-root, subject: deployment/api, reason: "the vendor image needs root", until: 2027-01-31 }
`)).toMatchObject({
      levels: { 'non-root': 'deny', 'probes': 'warn', 'plain-secrets': 'off', 'env': 'deny' },
      env: { ENABLE_DEBUG: { must: 'be', values: ['false'] }, LOG_LEVEL: { must: 'not-be', values: ['debug', 'trace'] }, KEY: { must: 'be-set' }, OLD: { must: 'be-unset' } },
      probes: ['readiness', 'liveness'], resources: ['limits.memory'], certificates: { days: 30, ingresses: false },
      connections: { limit: 97, pool: { variable: 'DB_POOL' }, processes: 4 }, files: ['compose.yml', 'k8s'], commands: [['conftest test "$DEPLOY_OBJECTS"'], ['a', 'b']],
      allow: [{ rule: 'non-root', subject: 'deployment/api', reason: 'the vendor image needs root', until: '2027-01-31', at: { line: 14 } }],
    });
  });

  it('of an environment adds to that at the top: rules and variables one by one, lists as a whole', () => {
    const text = `
  rules: { probes: warn, non-root: warn }
  env: { A: set, B: set }
  files: [a.yml]
environments:
  production:
    policy: { rules: { probes: deny }, env: { B: is x }, files: [] }
`;
    expect(policyIn(text, 'production')).toMatchObject({ levels: { 'probes': 'deny', 'non-root': 'warn' }, env: { A: { must: 'be-set' }, B: { must: 'be', values: ['x'] } }, files: [] });
  });

  it('knows the other environments when a rule compares them, without secrets', () => {
    const text = (rules: string) => `
  rules: { ${rules} }
  compare-with: [staging]
environments:
  staging: { namespace: s, build-args: { SENTRY: 'on' }, smoke: [https://a.example], build-secrets: { npm: env:NPM } }
  production: { namespace: p, policy: { env: { A: is x } } }
`;
    expect(policyIn(text('environments: warn'), 'production').environments).toEqual([
      { name: 'staging', namespace: 's', context: undefined, keys: { 'build-args.SENTRY': 'on', 'workloads.deployment/api': '', 'smoke': '' } },
      { name: 'production', namespace: 'p', context: undefined, keys: { 'policy.env.A': 'is x', 'workloads.deployment/api': '' } },
    ]);
    const { config, warnings } = parse(`policy:\n${text('probes: warn')}`, 'production');
    expect(config.policy.environments).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual(['has `compare-with`, which has no effect: the rule `environments` is off']);
  });

  it('says what has no effect where nothing is deployed to a cluster', () => {
    const text = 'command: { deploy: a, current: b }\nimage: a\npolicy: { env: { A: set }, files: [a.yml] }\n';
    expect(parseTexts({ action: 'deploy', inputs: {}, text }).warnings.map(({ message }) => message)).toEqual(['has `env`, which has no effect: `command` does not deploy to a cluster']);
  });

  it.each<[string, string]>([
    ['  rules: { probs: warn }', 'policy.rules.probs: has "probs", which is not a policy rule. Did you mean "probes"?'],
    ['  rules: { probes: error }', 'policy.rules.probes: is "error", but must be off, warn or deny'],
    ['  rules: deny', 'policy.rules: must be a map of rules and levels, not text'],
    ['  env: { ENABLE_DEBUG: false }', 'policy.env.ENABLE_DEBUG: has "false" for ENABLE_DEBUG, which is not a requirement. Did you mean "is false"? Write "set", "unset", "is VALUE" or "is not VALUE"; several values are separated by "|".'],
    ['  env: { KEY: required }', 'policy.env.KEY: has "required" for KEY, which is not a requirement. Did you mean "set"? Write "set", "unset", "is VALUE" or "is not VALUE"; several values are separated by "|".'],
    ['  env: { KEY: is not set }', 'policy.env.KEY: has "is not set" for KEY, which is not a requirement. Did you mean "unset"? Write "set", "unset", "is VALUE" or "is not VALUE"; several values are separated by "|".'],
    ['  env: { KEY: "!= x" }', 'policy.env.KEY: has "!= x" for KEY, which is not a requirement. Did you mean "is not x"? Write "set", "unset", "is VALUE" or "is not VALUE"; several values are separated by "|".'],
    ['  env: { KEY: "is a||b" }', 'policy.env.KEY: has "is a||b" for KEY, with an empty alternative. Write "set", "unset", "is VALUE" or "is not VALUE"; several values are separated by "|".'],
    ['  env: { "a b": set }', 'policy.env."a b": has "a b", which is not the name of an environment variable. Use letters, digits and "_".'],
    ['  probes: [ready]', 'policy.probes[0]: is "ready", but must be readiness, liveness or startup'],
    ['  certificates: { days: soon }', 'policy.certificates.days: is "soon", which is not a whole number from 1 to 999999'],
    ['  connections: { pool: 5 }', 'policy: has no `connections.limit`. Give a number.'],
    ['  connections: { limit: 5, pool: $DB_POOL }', 'policy.connections.pool: is "$DB_POOL", which is neither a number nor a variable. Did you mean "$(DB_POOL)"? Write a number, or $(NAME) for the value of an environment variable of the container.'],
    ['  allow: [{ rule: probes, subject: deployment/api, until: 2027-01-31 }]', 'policy.allow[0]: has no `reason`. Give a reason.'],
    ['  allow: [{ rule: probes, subject: deployment/api, reason: "because of the vendor" }]', 'policy.allow[0]: has no `until`. Give a date such as 2027-01-31.'],
    ['  allow: [{ rule: probes, subject: deployment/api, reason: because, until: 2027-01-31 }]', 'policy.allow[0].reason: is too short: a reason has at least 10 characters. Explain in a few words why it is acceptable, e.g. "INC-1234: the vendor image needs root until 2.0".'],
    ['  allow: [{ rule: probes, subject: deployment/api, reason: "because of the vendor", until: 2027-02-30 }]', 'policy.allow[0].until: is "2027-02-30", and this day does not exist. Write YEAR-MONTH-DAY, e.g. 2027-01-31.'],
    ['  allow: [{ rule: probes, subject: deployment/api, reason: "because of the vendor", until: 31.1.2027 }]', 'policy.allow[0].until: is "31.1.2027", which is not a date. Write YEAR-MONTH-DAY, e.g. 2027-01-31.'],
    ['  allow: [{ rule: probes, subject: "*", reason: "because of the vendor", until: 2027-01-31 }]', 'policy.allow[0].subject: is "*", which is everything. Name a subject, e.g. deployment/api, or set the level of the rule to off.'],
    ['  allow: [{ rule: exceptions, subject: x, reason: "because of the vendor", until: 2027-01-31 }]', 'policy.allow[0].rule: names the rule "exceptions", which reports the exceptions themselves. Name the rule of the finding.'],
    ['  rules: { environments: warn }\n  compare-with: [stagin]\nenvironments: { staging: }', 'policy: compares with the environment "stagin", which is not in the settings file. Did you mean "staging"?'],
  ])('reports what is wrong: %s', (text, message) => expect(problems(text)).toEqual([message]));
});

describe('the page about it', () => {
  const blocks = blocksOf(readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8')).map(({ text }) => text).filter((text) => /^policy:/m.test(text));
  it.each(blocks)('has settings that are valid: %s', (text) => {
    const whole = `${/^image:/m.test(text) ? '' : base}${text}\n${text.includes('compare-with') ? 'environments: { staging: }' : ''}`;
    const inputs: Record<string, string> = /^environments:\n/m.test(text) ? { environment: 'production' } : {};
    expect(parseTexts({ action: 'deploy', inputs, text: whole }).warnings).toEqual([]);
  });
  it('has some', () => expect(blocks.length).toBeGreaterThan(8));
});
