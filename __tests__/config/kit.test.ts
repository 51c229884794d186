import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { bad, good, type Checked } from '../../src/config/kit/checked.js';
import { durationPattern, parseDuration } from '../../src/config/values/duration.js';
import { lackFault, shortOr, type Kind, type Out } from '../../src/config/kit/kind.js';
import { list } from '../../src/config/kit/list.js';
import { inputNode, type Node } from '../../src/config/kit/node.js';
import { object } from '../../src/config/kit/object.js';
import { oneOf } from '../../src/config/kit/one-of.js';
import { problemAt, Report } from '../../src/config/kit/report.js';
import { block, flag, line, word } from '../../src/config/kit/text.js';
import { readSettingsText } from '../../src/config/settings-file.js';
import { describeProblem } from '../../src/outcome/errors.js';

const duration = line(parseDuration, { expects: 'a duration such as 10m', schema: { pattern: durationPattern } });
const percent = line((given): Checked<number> => (/^(?:[1-9]?[0-9]|100)%?$/.test(given) ? good(Number.parseInt(given, 10)) : bad('is not a share', 'Write 0 to 100.')), {
  expects: 'a share such as 20',
});

/** A section of the size that those of coming features have. */
const guard = shortOr(
  line((given): Checked<{ query: string; max: number }> => {
    const [, query = '', max] = /^(.*) < ([0-9.]+)$/.exec(given) ?? [];
    return max === undefined ? bad('has no bound', 'Write QUERY < NUMBER.') : good({ query, max: Number(max) });
  }, { expects: 'a guard such as error_rate < 0.01' }),
  object({
    query: { needed: true, description: 'Query.', kind: block(good, { expects: 'a query' }) },
    max: { needed: true, description: 'Bound.', kind: line((given) => (/^[0-9.]+$/.test(given) ? good(Number(given)) : bad('is not a number')), { expects: 'a number' }) },
  }),
);
const strategy = oneOf('type', {
  rolling: { 'prove-first': { description: 'Check the first pods.', kind: flag } },
  canary: {
    steps: {
      needed: true, description: 'Shares, in order.', kind: list(object({
        weight: { needed: true, description: 'Share of the requests.', kind: percent },
        for: { description: 'How long.', fallback: '5m', kind: duration },
        guards: { description: 'What must hold.', kind: list(guard, { expects: 'a list of guards' }) },
      }), { expects: 'a list of steps' }),
    },
  },
}, 'How the new version takes over.');

/** The value of the one key of a file. */
function nodeOf(content: string): Node {
  const read = readSettingsText('deploy.yml', content);
  const node = 'root' in read ? read.root.entries[0]?.value : undefined;
  if (!node) throw new Error(JSON.stringify(read));
  return node;
}

/** The value, as far as it can be read. */
const layer = <T>(kind: Kind<T>, content: string, under?: T): T | undefined => kind.read(nodeOf(content), new Report(), under);

/** What is wrong, as it is shown; what lacks last. */
function problems<T>(kind: Kind<T>, content: string, under?: T): readonly string[] {
  const node = nodeOf(content);
  const report = new Report();
  const value = kind.read(node, report, under);
  const lacks = value === undefined ? [] : kind.lacks?.(value) ?? [];
  return [...report.problems, ...lacks.map((lack) => problemAt(node.at, lackFault(lack)))].map(describeProblem);
}
const read = <T>(kind: Kind<T>, content: string, under?: T): T | undefined => {
  expect(problems(kind, content, under)).toEqual([]);
  return layer(kind, content, under);
};

describe('a section of several forms', () => {
  const good1 = `
strategy:
  type: canary
  steps:
    - {weight: 5, for: 1m, guards: error_rate < 0.01}
    - weight: 50%
      guards:
        - latency < 0.5
        - {query: sum(errors), max: 3}
`;
  it('is a value whose type follows from the declaration', () => {
    const value: Out<typeof strategy> | undefined = read(strategy, good1);
    const canary: Out<typeof strategy> = { type: 'canary', steps: [{ weight: 5, for: 60_000, guards: [{ query: 'error_rate', max: 0.01 }] }] };
    const rolling: Out<typeof strategy> = { type: 'rolling', 'prove-first': true };
    // @ts-expect-error -- `steps` is needed
    const noSteps: Out<typeof strategy> = { type: 'canary' };
    // @ts-expect-error -- there is no such type
    const noType: Out<typeof strategy> = { type: 'blue' };
    expect([rolling, noSteps, noType]).toHaveLength(3);
    expect(value).toEqual({ type: 'canary', steps: [...canary.steps, { weight: 50, for: 300_000, guards: [{ query: 'latency', max: 0.5 }, { query: 'sum(errors)', max: 3 }] }] });
  });

  it('says everything that is wrong with it, each at its place', () => {
    expect(problems(strategy, `
strategy:
  type: canray
  stpes: 1
  steps:
    - weight: 200
      for: 15
    - {wieght: 5, guards: [error_rate, {max: x}]}
    - later
    - weight:
`)).toEqual([
      'deploy.yml:3:3: strategy.type: is "canray", but must be rolling or canary. Did you mean "canary"?',
      'deploy.yml:4:3: strategy: unknown key "stpes". Did you mean "steps"?',
      'deploy.yml:6:7: strategy.steps[0].weight: is not a share. Write 0 to 100.',
      'deploy.yml:7:7: strategy.steps[0].for: is "15", which has no unit. Did you mean "15s" or "15m"?',
      'deploy.yml:8:8: strategy.steps[1]: unknown key "wieght". Did you mean "weight"?',
      'deploy.yml:8:28: strategy.steps[1].guards[0]: has no bound. Write QUERY < NUMBER.',
      'deploy.yml:8:41: strategy.steps[1].guards[1].max: is not a number',
      'deploy.yml:8:40: strategy.steps[1].guards[1]: has no `query`. Give a query.',
      'deploy.yml:9:7: strategy.steps[2]: must be a map with `weight`, `for`, `guards`, not text',
      'deploy.yml:10:7: strategy.steps[3].weight: has no value. Give a share such as 20, or remove the line.',
    ]);
  });

  it.each([
    ['strategy: canary', 'deploy.yml:1:1: strategy: must be a map with `type`, not text'],
    ['strategy: {steps: []}', 'deploy.yml:1:1: strategy: has no `type`. Give rolling or canary.'],
    ['strategy: {tpye: canary}', 'deploy.yml:1:12: strategy: unknown key "tpye". Did you mean "type"?'],
    ['strategy: {type: canary}', 'deploy.yml:1:1: strategy: has no `steps`. Give a list of steps.'],
    ['strategy: {type: canary, steps: []}', 'deploy.yml:1:26: strategy.steps: has no entry. Give a map with `weight`, `for`, `guards`, or leave it out.'],
    ['strategy: {type: rolling, steps: []}', 'deploy.yml:1:27: strategy.steps: needs `type: canary`. Set that, or remove the line.'],
    ['strategy: {type: rolling, prove-first: nope}', 'deploy.yml:1:27: strategy.prove-first: is "nope", but must be true or false'],
    ['strategy: {type: rolling, x: 1}', 'deploy.yml:1:27: strategy: unknown key "x". Known keys: type, prove-first.'],
    ['strategy: {type: "${{ inputs.type }}"}', 'deploy.yml:1:12: strategy.type: has a "${{" expression, which is not evaluated in this file. Give this setting as an input of the step, where expressions work.'],
  ])('%s', (content, message) => expect(problems(strategy, content)).toEqual([message]));

  it('joins what a lower layer says of the same form, and replaces another', () => {
    const lower = read(strategy, good1);
    expect(read(strategy, 'strategy: {steps: [{weight: 10}]}', lower)).toEqual({ type: 'canary', steps: [{ weight: 10, for: 300_000 }] });
    expect(read(strategy, 'strategy: {type: rolling}', lower)).toEqual({ type: 'rolling' });
    expect(problems(strategy, 'strategy: {type: canary}', { type: 'rolling' })).toEqual(['deploy.yml:1:1: strategy: has no `steps`. Give a list of steps.']);
  });

  it('is described to editors and in the docs', () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(strategy.schema());
    const takes = (content: string): boolean => validate((parse(content) as { strategy: unknown }).strategy);
    expect([takes(good1), takes('strategy: {type: rolling, prove-first: true}')]).toEqual([true, true]);
    expect(['{type: canary}', '{type: rolling, steps: []}', 'canary', '{}', '{type: canary, steps: [{}]}'].map((content) => takes(`strategy: ${content}`))).not.toContain(true);
    expect(strategy.parts?.().map(({ path, default: fallback, needed }) => [path, needed ? 'needed' : fallback])).toEqual([
      ['type', 'needed'], ['prove-first', undefined], ['steps', 'needed'], ['steps[].weight', 'needed'], ['steps[].for', '`5m`'], ['steps[].guards', undefined],
      ['steps[].guards[].query', 'needed'], ['steps[].guards[].max', 'needed'],
    ]);
  });
});

const script = block(good, { expects: 'a command', literal: true });
const command = object({
  deploy: { needed: true, description: 'Deploys.', kind: script },
  current: { description: 'Prints what runs.', kind: script },
  timeout: { description: 'How long.', fallback: '10m', kind: duration },
  hooks: { description: 'Around it.', kind: object({ before: { needed: true, description: 'Before.', kind: script }, after: { description: 'After.', kind: script } }) },
});

describe('a section', () => {
  it('is given by several layers together, field by field', () => {
    const lower = layer(command, 'command: {timeout: 1m, hooks: {after: a}}');
    expect(lower).toEqual({ timeout: 60_000, hooks: { after: 'a' } });
    expect(problems(command, 'command: {current: c}', lower)).toEqual([
      'deploy.yml:1:1: command: has no `deploy`. Give a command.', 'deploy.yml:1:1: command: has no `hooks.before`. Give a command.',
    ]);
    expect(read(command, 'command: {deploy: d, hooks: {before: b}}', lower)).toEqual({ deploy: 'd', timeout: 60_000, hooks: { before: 'b', after: 'a' } });
  });

  it('does not lack what could not be read, here or in a lower layer', () => {
    expect(problems(command, 'command: {deploy: []}')).toEqual(['deploy.yml:1:11: command.deploy: must be a command, not a list']);
    const lower = layer(command, 'command: {depoly: x, timeout: 5}');
    expect(problems(command, 'command: {current: c}', lower)).toEqual([]);
    const within = object({ command: { description: 'Commands.', kind: command } });
    const broken = layer(within, 'top: {command: {deploy: x, timeout: 5}}');
    expect(problems(within, 'top: {command: {current: c}}', broken)).toEqual([]);
  });

  it('cannot be an input', () => {
    expect([command, strategy, duration, guard, word(['a']), list(command, { expects: 'commands' }), list(duration, { expects: 'times' })].map(({ fromText }) => fromText))
      .toEqual([false, false, true, true, true, false, true]);
    const report = new Report();
    command.read(inputNode('command', 'deploy: x'), report);
    expect(report.problems.map(describeProblem)).toEqual([
      'input command: must be a map with `deploy`, `current`, `timeout`, `hooks`, not text',
    ]);
  });
});
