import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { secretInputs, settingNames, settings, settingsOf } from '../../src/config/settings.js';
import { causes } from '../../src/outcome/causes.js';
import { placeWords, settingText, speakAs } from '../../src/outcome/place-words.js';
import { files } from '../architecture/source-files.js';

const table = readFileSync(join(new URL('../..', import.meta.url).pathname, '__tests__/messages/messages.txt'), 'utf8');

/** Messages that only a run on GitHub prints, the words themselves, and texts for schemas and documentation. */
const ofOnePlace = [
  'src/outcome/place-words.ts', 'src/config/unknown-input.ts', 'src/config/outputs.ts', 'src/config/json-schema.ts', 'src/report/schema.ts', 'src/entry/main.ts',
  'src/entry/finish-release.ts', 'src/entry/ending.ts', 'src/host/runner.ts', 'src/workflow/finish.ts', 'src/target/command/plan.ts', 'src/config/actions.ts', 'src/entry/setup.ts', 'src/setup/builder.ts',
  'src/entry/pull-request.ts', 'src/entry/publish.ts',
];
const ofAWorkflow = /\bearlier step\b|\bthis step\b|\bof the step\b|\bworkflow\b|\bthe runner\b|\bthis runner\b|\binput `|\ban input\b|\$\{\{ github|uses: docker/;

/** What an input or a flag can be, in backticks: as code for a reader, or within a template. */
const flags = [...new Set((['deploy', 'build', 'rollout', 'rollback', 'pr-check'] as const).flatMap((action) => settingsOf(action)))];
const namedSetting = new RegExp(String.raw`\\?\`(?:${flags.join('|')})(?:: [^\`]*)?\\?\``);
/** Not the setting, but a word of the settings file, of the target \`command\`, or of GitHub. */
const otherWord = /workloads: \[\]|`rollback` command|`rollback`, which the rollback|\\`rollback\\` runs|the output `|than \\`timeout\\`/;
/**
 * Texts for the documentation, the schemas, the post step and the action `setup`, which no terminal prints; so is what causes
 * have `observed`, and what policy rules look at.
 */
const neverInTerminal = [
  /^config\/sections\//, /^config\/outputs\.ts$/, /^config\/values\/policy-rules\.ts$/, /^report\/schema\.ts$/, /^outcome\/place-words\.ts$/, /^workflow\/finish\.ts$/, /^setup\//,
];

afterEach(() => { speakAs('workflow'); });

describe('the words of the place', () => {
  it('are those of a workflow unless the entry of the terminal says otherwise', () => {
    expect(placeWords().given('timeout')).toBe('input timeout');
    speakAs('terminal');
    expect(placeWords().given('timeout')).toBe('--timeout');
  });

  it('name settings as they are given', () => {
    expect([placeWords().givenTogether(['timeout']), placeWords().givenTogether(['timeout', 'smoke']), placeWords().setting('app')])
      .toEqual(['input timeout', 'inputs timeout and smoke', '`app`']);
    speakAs('terminal');
    expect([placeWords().givenTogether(['timeout', 'smoke', 'app']), placeWords().setting('app')]).toEqual(['--timeout, --smoke and --app', '`--app`']);
  });

  it('name the variable of what must not be in the process list', () => {
    speakAs('terminal');
    expect([placeWords().given('registry-password'), placeWords().giveSecret('registry-password'), placeWords().giveSecret('kubeconfig')]).toEqual([
      'DEPLOY_REGISTRY_PASSWORD', 'Set the environment variable DEPLOY_REGISTRY_PASSWORD instead.', 'Give the path of a file as --kubeconfig.',
    ]);
  });

  it('name the variable of every secret but the kubeconfig, which is given by its path', () => {
    speakAs('terminal');
    expect(settingNames.filter((name) => settingText(name).includes('DEPLOY_')).sort()).toEqual(secretInputs.filter((name) => settings[name].inTerminal && name !== 'kubeconfig').sort());
  });

  it('name what writes a file before the run', () => {
    expect(placeWords().before).toBe('an earlier step');
    speakAs('terminal');
    expect(placeWords().before).toBe('an earlier command');
  });

  it('name a setting with its value', () => {
    expect(settingText('digest', 'sha256:1')).toBe('`digest: sha256:1`');
    speakAs('terminal');
    expect([settingText('digest', 'sha256:1'), settingText('registry-password')]).toEqual(['`--digest sha256:1`', '`DEPLOY_REGISTRY_PASSWORD`']);
  });

  it('are those of the place when a hint is read, not when its table is loaded', () => {
    speakAs('terminal');
    expect(causes.deadline.hint).toBe('Check what the pods were waiting for; raise `--timeout` only if that is normal.');
  });

  it('name every setting that a message names', () => {
    const hard = files.filter(({ name }) => !neverInTerminal.some((path) => path.test(name))).flatMap(({ name, code }) =>
      code.split('\n').filter((line) => !/^\s*(?:observed|looksAt): /.test(line) && namedSetting.test(line) && !otherWord.test(line)).map((line) => `${name}: ${line.trim()}`));
    expect(hard).toEqual([]);
  });

  it('name only settings that exist', () => {
    const named = files.flatMap(({ code }) => [...code.matchAll(/settingText\('([^']*)'/g)].map(([, name = '']) => name));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !settingNames.some((known) => known === name))).toEqual([]);
  });

  it('are the only ones that speak of workflows: no other message does, wherever it is printed', () => {
    const others = table.split('\n\n').filter((part) => !ofOnePlace.some((path) => part.startsWith(`${path}\n`)));
    expect(others.flatMap((part) => part.split('\n').slice(1).filter((line) => ofAWorkflow.test(line)).map((line) => `${part.split('\n')[0]}: ${line.trim()}`))).toEqual([]);
  });
});
