import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { appendSummary, fitSummary, readInputs, readRunFacts, unknownInputs, readState, saveState, writeOutputs } from '../../src/host/runner.js';

let folder = '';
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'runner-')); });
afterEach(() => rm(folder, { recursive: true }));

const environment = process.env;
/** The environment of the step, and nothing else: on a runner, the tests have files of their own step in theirs. */
function given(env: Readonly<Record<string, string>>): void {
  process.env = { ...env };
}
afterEach(() => { process.env = environment; });

/** An empty file of the runner. */
async function fileOf(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, '');
  return path;
}

const noFiles = { readText: () => Promise.resolve(undefined) };

/** Reads a file of `NAME<<DELIMITER` entries as the runner does. */
function readEntries(text: string): Record<string, string> {
  const lines = text.split('\n');
  const entries: Record<string, string> = {};
  while (lines.length > 1) {
    const [name = '', delimiter = ''] = (lines.shift() ?? '').split('<<');
    const end = lines.indexOf(delimiter);
    if (name === '' || delimiter === '' || end < 0) throw new Error(`not an entry: ${name}<<${delimiter}`);
    entries[name] = lines.splice(0, end).join('\n');
    lines.shift();
  }
  return entries;
}

describe('inputs', () => {
  it('are found under the names that the runner gives them', () => {
    given({ 'INPUT_DRY-RUN': 'true', INPUT_TWO_WORDS: ' x\ny \n', INPUT_EMPTY: '', INPUT_OTHER: '1' });
    expect(readInputs(['dry-run', 'two words', 'empty', 'absent'])).toEqual({ 'dry-run': 'true', 'two words': 'x\ny' });
  });

  it('that the action does not have are found too, unless they are blank', () => {
    const env = { 'INPUT_DRY-RUN': 'true', 'INPUT_WORKLOAD': ' deployment/api\n', 'INPUT_KUBE_CONTEXT': 'prod', 'INPUT_OTHER': ' \n', 'GITHUB_INPUT_X': '1', 'input_y': '1' };
    expect(unknownInputs(env, ['dry-run', 'kube-context'])).toEqual({ workload: 'deployment/api', kube_context: 'prod' });
  });

  it('of a composite action around the step are none of the action, where the runner passes them on', () => {
    const env = { INPUT_WORKLOAD: 'x', GITHUB_ACTION_PATH: '/actions/outer' };
    for (const own of [{ ACT: 'true' }, { GITEA_ACTIONS: 'true' }, { FORGEJO_ACTIONS: 'true' }]) {
      expect([unknownInputs({ ...env, ...own }, []), unknownInputs({ ...env, ...own, GITHUB_ACTION_PATH: '' }, [])]).toEqual([{}, { workload: 'x' }]);
    }
    expect(unknownInputs(env, [])).toEqual({ workload: 'x' });
  });
});

describe('facts of the run', () => {
  const env = {
    GITHUB_ACTIONS: 'true', GITHUB_SHA: 'c0ffee', GITHUB_REF: 'refs/heads/feature/a', GITHUB_REPOSITORY: 'acme/api', GITHUB_ACTOR: 'jo',
    GITHUB_RUN_ID: '7', GITHUB_SERVER_URL: 'https://github.com', GITHUB_RUN_ATTEMPT: '2', GITHUB_EVENT_PATH: '/event.json',
  };
  it('come from the environment and the event', async () => {
    const event = JSON.stringify({ repository: { default_branch: 'trunk' } });
    expect(await readRunFacts(env, { readText: () => Promise.resolve(event) })).toEqual({
      commit: 'c0ffee', branch: 'feature/a', defaultBranch: 'trunk', repository: 'acme/api', actor: 'jo',
      runUrl: 'https://github.com/acme/api/actions/runs/7/attempts/2',
    });
  });

  it.each(['schedule', 'workflow_run', 'repository_dispatch'])('know the default branch of %s, which runs on it, without a word of it in the event', async (name) => {
    const event = JSON.stringify({ schedule: '0 3 * * *' });
    const scheduled = { ...env, GITHUB_EVENT_NAME: name, GITHUB_REF: 'refs/heads/trunk' };
    for (const text of [event, undefined]) {
      expect(await readRunFacts(scheduled, { readText: () => Promise.resolve(text) })).toMatchObject({ branch: 'trunk', defaultBranch: 'trunk' });
    }
    expect((await readRunFacts({ ...scheduled, GITHUB_EVENT_NAME: 'push' }, noFiles)).defaultBranch).toBeUndefined();
  });

  it.each(['{', 'null', '[]', '{"repository":null}', '{"repository":{"default_branch":3}}'])('do without the event %s', async (event) => {
    expect((await readRunFacts(env, { readText: () => Promise.resolve(event) })).defaultBranch).toBeUndefined();
  });

  it('are undefined where nothing is known', async () => {
    expect(await readRunFacts({ GITHUB_REF: 'refs/tags/v1' }, noFiles)).toEqual({});
  });
});

describe('outputs and state', () => {
  it('come back as they were, whatever they say', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', '\n', '<<', '=', 'ghadelimiter_', '::', '\r', '%') })), async (values) => {
      const path = await fileOf('output');
      const outputs = Object.fromEntries(values.map((value, index) => [`name-${index}`, value]));
      given({ GITHUB_OUTPUT: path });
      await writeOutputs(outputs);
      expect(readEntries(await readFile(path, 'utf8'))).toEqual(outputs);
    }), { numRuns: 30 });
  });

  it('are exact', async () => {
    const env = { GITHUB_OUTPUT: await fileOf('output'), GITHUB_STATE: await fileOf('state'), STATE_ledger: 'kept' };
    given(env);
    await writeOutputs({ image: 'a b' });
    await saveState('ledger', 'line\nline');
    expect(readEntries(await readFile(env.GITHUB_OUTPUT, 'utf8'))).toEqual({ image: 'a b' });
    expect(readEntries(await readFile(env.GITHUB_STATE, 'utf8'))).toEqual({ ledger: 'line\nline' });
    expect([readState('ledger'), readState('none')]).toEqual(['kept', '']);
  });

  it('go nowhere at a terminal', async () => {
    given({});
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await expect(writeOutputs({ a: 'b' })).resolves.toBeUndefined();
      await expect(saveState('a', 'b')).resolves.toBeUndefined();
      await expect(appendSummary('# x')).resolves.toBeUndefined();
      expect(write).not.toHaveBeenCalled();
    } finally {
      write.mockRestore();
    }
  });

  it('are not written in silence where a step before took the file away', async () => {
    given({ GITHUB_OUTPUT: join(folder, 'gone'), GITHUB_STATE: join(folder, 'gone') });
    await expect(writeOutputs({ a: 'b' })).rejects.toThrow(`Missing file at path: ${join(folder, 'gone')}`);
    await expect(saveState('a', 'b')).rejects.toThrow('Missing file at path');
  });
});

describe('the summary', () => {
  it('is added to what is there', async () => {
    const path = await fileOf('summary.md');
    given({ GITHUB_STEP_SUMMARY: path });
    await appendSummary('# one');
    await appendSummary('# two');
    expect(await readFile(path, 'utf8')).toBe('# one\n# two\n');
  });

  it('is cut after a whole line, with a sentence, when there is no room', () => {
    const text = `${'é'.repeat(40)}\n`.repeat(20);
    const cut = fitSummary(text, 500);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(500);
    expect(cut).toMatch(/^(é{40}\n)+\n\n\*The summary was cut here: GitHub accepts at most 1 MiB for a step/);
    expect(fitSummary(text, 5)).toBe('');
    expect(fitSummary('x', 1)).toBe('x');
  });
});
