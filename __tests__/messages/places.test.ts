import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { placeWords, speakAs } from '../../src/outcome/place-words.js';

const table = readFileSync(join(new URL('../..', import.meta.url).pathname, '__tests__/messages/messages.txt'), 'utf8');

/** Messages that only a run on GitHub prints, the words themselves, and texts for schemas and documentation. */
const ofOnePlace = [
  'src/outcome/place-words.ts', 'src/config/unknown-input.ts', 'src/config/outputs.ts', 'src/config/json-schema.ts', 'src/report/schema.ts', 'src/entry/main.ts',
  'src/entry/finish-release.ts', 'src/entry/ending.ts', 'src/host/runner.ts', 'src/workflow/finish.ts', 'src/target/command/plan.ts',
];
const ofAWorkflow = /\bearlier step\b|\bthis step\b|\bof the step\b|\bworkflow\b|\bthe runner\b|\bthis runner\b|\binput `|\ban input\b|\$\{\{ github|uses: docker/;

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

  it('name what writes a file before the run', () => {
    expect(placeWords().before).toBe('an earlier step');
    speakAs('terminal');
    expect(placeWords().before).toBe('an earlier command');
  });

  it('are the only ones that speak of workflows: no other message does, wherever it is printed', () => {
    const others = table.split('\n\n').filter((part) => !ofOnePlace.some((path) => part.startsWith(`${path}\n`)));
    expect(others.flatMap((part) => part.split('\n').slice(1).filter((line) => ofAWorkflow.test(line)).map((line) => `${part.split('\n')[0]}: ${line.trim()}`))).toEqual([]);
  });
});
