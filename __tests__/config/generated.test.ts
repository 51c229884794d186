import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { actions, descriptionLimit } from '../../src/config/actions.js';
import { commands } from '../../src/config/commands.js';
import { settingsJsonSchema } from '../../src/config/json-schema.js';
import { outputs } from '../../src/config/outputs.js';
import { descriptionOf } from '../../src/config/setting.js';
import { actionNames, type ActionName } from '../../src/outcome/action.js';
import { settingNames, settings, settingsOf, takenBy } from '../../src/config/settings.js';
import { parseTexts } from './parse-texts.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface ActionFile {
  readonly description: string;
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
  readonly runs: Readonly<Record<string, string>>;
}

const [ofAll, ofImage] = [['verdict', 'cause', 'stage', 'report', 'plan'], ['image', 'digest', 'reference', 'previous-reference']];
/** A build deploys nothing: it has no address of an environment to pass on. A check of a pull request may be about several versions. */
const outputsIn: Readonly<Record<ActionName, readonly string[]>> = {
  'deploy': [...ofAll, ...ofImage, 'environment-url'], 'rollout': [...ofAll, ...ofImage, 'environment-url'], 'rollback': [...ofAll, ...ofImage, 'environment-url'], 'build': [...ofAll, ...ofImage],
  'pr-check': [...ofAll, 'comment-url'], 'backup': [...ofAll, 'backup', 'manifest', 'bytes', 'rows', 'verified', 'oldest-age', 'point-in-time'], 'restore': [...ofAll, 'backup', 'rows', 'rto-seconds', 'rpo-seconds', 'kept'],
};

describe.each(actionNames)('action.yml of %s', (name) => {
  const { folder } = actions[name];
  const file = parse(read(folder === '.' ? 'action.yml' : `${folder}/action.yml`)) as ActionFile;

  it('has the settings as inputs, and no defaults that would win over the settings file', () => {
    expect(Object.keys(file.inputs).sort()).toEqual([...settingsOf(name)].sort());
    for (const [input, { description, default: fallback }] of Object.entries(file.inputs)) {
      expect(description).toContain(descriptionOf(settings[input as keyof typeof settings], name));
      expect(fallback).toBe(settings[input as keyof typeof settings].inputDefault);
    }
    expect(Object.keys(file.outputs)).toEqual(Object.keys(outputs).filter((output) => outputsIn[name].includes(output)));
  });

  it('has a description that the Marketplace takes', () => {
    expect(file.description).toBe(actions[name].description);
    expect(file.description.length).toBeLessThan(descriptionLimit);
  });

  it('runs its bundle, and its post step always', () => {
    const dist = folder === '.' ? 'dist' : '../dist';
    expect(file.runs).toEqual({ 'using': 'node24', 'main': `${dist}/${name}.js`, 'post': `${dist}/${name}-post.js`, 'post-if': 'always()' });
  });
});

describe('what is made from the table', () => {
  it('has no input of later issues', () => {
    expect(settings).not.toHaveProperty('strategy');
  });

  it('has a default for an input only where no settings file can have another', () => {
    expect(Object.entries(settings).filter(([, { inputDefault }]) => inputDefault !== undefined).map(([name, { inFile }]) => [name, inFile])).toEqual([['github-token', false], ['job-id', false]]);
  });

  it('has no option for what a terminal has no use for', () => {
    const withoutFlag = settingsOf('deploy').filter((name) => !commands.deploy.flags.some((flag) => flag.name === name));
    expect(withoutFlag).toEqual(['github-token', 'github-deployments', 'job-id', 'production-environment', 'transient-environment']);
  });

  it('gives each action what it needs and no more', () => {
    expect(settingsOf('build')).not.toEqual(expect.arrayContaining(['workloads']));
    expect(settingsOf('build')).not.toContain('digest');
    expect(settingsOf('rollout')).not.toContain('tags');
    expect(settingsOf('rollback')).not.toContain('rollback');
    const others = settingNames.filter((name) => !settingsOf('deploy').includes(name));
    expect(others.filter((name) => !settingsOf('setup').includes(name))).toEqual([
      'patience', 'to', 'force', 'reason', 'command', 'guards', 'policy', 'databases', 'database', 'backup', 'check', 'into', 'confirm', 'fence', 'disaster', 'migrate', 'notify', 'metrics', 'comment',
    ]);
    expect(settingsOf('pr-check')).toEqual(expect.arrayContaining(['environment', 'workloads', 'kubeconfig', 'registry-password', 'comment']));
    expect(settingsOf('pr-check')).not.toContain('freeze-override');
    expect(takenBy('rollout')).toContain('patience');
    expect(settingsOf('rollback')).toEqual(expect.arrayContaining(['to', 'prove-first', 'lock-timeout']));
    expect(settingsOf('rollback')).not.toContain('freeze');
  });

  it('says of an input what it does in that action', () => {
    expect(descriptionOf(settings.image, 'deploy')).toContain('is built unless');
    for (const action of ['rollout', 'rollback'] as const) expect(descriptionOf(settings.image, action)).not.toContain('built');
    expect(descriptionOf(settings.workloads, 'rollback')).not.toContain('`image`');
    expect(descriptionOf(settings.workloads)).toBe(settings.workloads.description);
    const ofRollback = commands['rollback']?.flags.find(({ name }) => name === 'image')?.description;
    expect(ofRollback).toBe(descriptionOf(settings.image, 'rollback').replaceAll('`', ''));
  });

  it('is the schema that is published', () => {
    expect(JSON.parse(read('schema/deploy.schema.json'))).toEqual(JSON.parse(JSON.stringify(settingsJsonSchema())));
  });

  it('takes secrets in the terminal only from the environment', () => {
    const hidden = commands['deploy']?.flags.filter((flag) => flag.fromEnvironmentOnly).map(({ name }) => name);
    expect(hidden).toEqual(['build-secrets', 'registry-password']);
    expect(commands['deploy']?.flags.filter((flag) => flag.isBoolean).map(({ name }) => name)).toEqual(['dry-run', 'verbose', 'json']);
  });
});

describe('the docs', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/settings.md')) ?? [];
  it.each(['staging', 'production'])('have an example that works in %s', (environment) => {
    const { config, warnings } = parseTexts({
      action: 'deploy', inputs: { environment }, text: example, facts: { env: { NPM_TOKEN: 'x' } },
    });
    expect(warnings).toEqual([]);
    expect(config.cluster.namespace).toBe(environment);
    expect(config.build?.buildArgs).toEqual(environment === 'production' ? { NODE_ENV: 'production', SENTRY: 'on' } : { NODE_ENV: 'production' });
  });

  it.each(['staging', 'production'])('of the README have one that works in %s, without a warning', (environment) => {
    const [example = ''] = [...read('README.md').matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, text = '']) => (/^image:/m.test(text) ? [text] : []));
    const { config, warnings } = parseTexts({ action: 'deploy', inputs: { environment }, text: example });
    expect(warnings).toEqual([]);
    expect([config.cluster.namespace, config.smoke.length]).toEqual([environment, environment === 'production' ? 2 : 0]);
  });
});
