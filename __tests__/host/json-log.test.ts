import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createJsonLog, objectsOnly, withRunnerCommands, type Around } from '../../src/host/json-log.js';
import { anyCharacter } from '../any-character.js';
import { commandsIn } from './runner-oracle.js';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const ids = { run: 'run-1', trace_id: undefined };

function record(around: Around = objectsOnly) {
  const written: string[] = [];
  const json = createJsonLog({ write: (text) => { written.push(text); }, now: () => at, around, ids });
  const text = (): string => written.join('');
  return { ...json, text, objects: () => text().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const said = { time: '2026-01-02T03:04:05.006Z', level: 'info', run: 'run-1' };

describe('a log of JSON', () => {
  it('has one object for each call, with the time, the level and the run', async () => {
    const { log, objects, text } = record();
    log.info('one\ntwo');
    log.warning('careful', { title: 'T', file: 'deploy.yml', line: 3, column: 5 });
    log.error('bad');
    log.command('kubectl get');
    log.progress('rollout', 'deployment/api', '1/2 ready');
    log.progress('rollout', 'deployment/api', '1/2 ready');
    await log.group('build', async () => { log.output('#1 load'); });
    expect(objects()).toEqual([
      { ...said, message: 'one\ntwo' }, { ...said, level: 'warning', title: 'T', file: 'deploy.yml', line: 3, column: 5, message: 'careful' }, { ...said, level: 'error', message: 'bad' },
      { ...said, type: 'command', message: 'kubectl get' }, { ...said, type: 'progress', stage: 'rollout', subject: 'deployment/api', state: '1/2 ready', message: 'deployment/api 1/2 ready' },
      { ...said, type: 'group', message: 'build' }, { ...said, type: 'output', group: 'build', message: '#1 load' },
    ]);
    expect(text().trimEnd().split('\n')).toHaveLength(7);
  });
  it('names the stage that runs, and the trace', () => {
    const written: string[] = [];
    const json = createJsonLog({ write: (text) => { written.push(text); }, now: () => at, around: objectsOnly, ids: { run: 'r', trace_id: '0af7' } });
    json.setStage('build');
    json.log.info('a');
    json.setStage(undefined);
    json.line({ level: 'info', type: 'verdict', message: 'b', durationMs: 7 });
    expect(written.map((line) => JSON.parse(line))).toEqual([
      { ...said, run: 'r', trace_id: '0af7', stage: 'build', message: 'a' }, { ...said, run: 'r', trace_id: '0af7', type: 'verdict', durationMs: 7, message: 'b' },
    ]);
  });
  it('hides secrets in every field, and masks on the runner before they are used', () => {
    const { log, line, text, objects } = record(withRunnerCommands);
    log.mask('hunter2hunter2');
    line({ level: 'info', message: 'a hunter2hunter2', cause: 'hunter2hunter2' });
    log.warning('b hunter2hunter2', { title: 'hunter2hunter2' });
    expect(text().split('\n')[0]).toBe('::add-mask::hunter2hunter2');
    expect(text().replace('::add-mask::hunter2hunter2', '')).not.toContain('hunter2');
    expect(objects()[0]).toEqual({ ...said, cause: '***', message: 'a ***' });
  });
  it('shows nothing of a text that only its escapes make equal to a secret', () => {
    const { log, objects } = record();
    log.mask('first\\nsecond');
    log.info('first\nsecond');
    expect(objects()).toEqual([{ ...said, message: '***' }]);
  });
  it('has annotations, folds and masks beside its objects on the runner, and no other command', async () => {
    const { log, text } = record(withRunnerCommands);
    log.mask('hunter2hunter2');
    log.error('bad\nworse', { title: 'T', file: 'a.yml', line: 1 });
    await log.group('outer', () => log.group('inner', async () => { log.output('::set-output name=x::y'); }));
    expect(commandsIn(text())).toEqual([
      { name: 'add-mask', properties: {}, data: 'hunter2hunter2' }, { name: 'error', properties: { title: 'T', file: 'a.yml', line: '1' }, data: 'bad\nworse' },
      { name: 'group', properties: {}, data: 'outer' }, { name: 'endgroup', properties: {}, data: '' },
    ]);
  });
  it('is valid, and has no command of the runner, whatever is said', () => {
    const unit = fc.oneof(anyCharacter, fc.constantFrom('::', '##[', 'error', '"', '\\', '\n', '\r', '\u2028', '\u200b', '{', '}'));
    fc.assert(fc.property(fc.string({ unit }), fc.string({ unit }), (message, title) => {
      const { log, text } = record();
      log.info(message);
      log.output(message);
      log.error(message, { title });
      expect(commandsIn(text())).toEqual([]);
      const lines = text().trimEnd().split('\n');
      expect(lines).toHaveLength(3);
      for (const line of lines) expect(JSON.parse(line)).toMatchObject({ run: 'run-1', message: expect.any(String) });
    }));
  });
});
