import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canDraw, createRunnerLog, createTerminalLog, wantsColour } from '../../src/host/log.js';
import type { Masking } from '../../src/host/masking.js';
import type { Log } from '../../src/ports/log.js';
import { commandsIn, readLikeRunner } from './runner-oracle.js';
import { createPaint } from '../../src/report/terminal/paint.js';
import { createScreen } from '../../src/report/terminal/screen.js';
import { anyCharacter } from '../any-character.js';

function record(kind: 'runner' | 'terminal') {
  const written: string[] = [];
  const write = (text: string) => { written.push(text); };
  const plain = createPaint(false);
  const log = kind === 'runner' ? createRunnerLog(write) : createTerminalLog(createScreen({ rows: write, problems: write, elapsedMs: () => 0 }, { rows: plain, problems: plain, verbose: true }));
  return { log, text: () => written.join('') };
}

describe('the log of the GitHub runner', () => {
  it('prints annotations with their place', () => {
    const { log, text } = record('runner');
    log.error('bad: 100 %\nsecond', { title: 'a, b: c', file: '.github/deploy.yml', line: 3, column: 5 });
    log.warning('careful');
    expect(text()).toBe(
      '::error title=a%2C b%3A c,file=.github/deploy.yml,line=3,col=5::bad: 100 %25%0Asecond\n::warning::careful\n');
    expect(commandsIn(text())[0]).toEqual({
      name: 'error', properties: { title: 'a, b: c', file: '.github/deploy.yml', line: '3', col: '5' }, data: 'bad: 100 %\nsecond',
    });
  });

  it('folds long output, and closes the fold when the body throws', async () => {
    const { log, text } = record('runner');
    await log.group('docker buildx build', async () => {
      log.output('#1 load');
      await log.group('inner', () => Promise.resolve());
    });
    await expect(log.group('bad', () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(text()).toBe('::group::docker buildx build\n#1 load\ninner\n::endgroup::\n::group::bad\n::endgroup::\n');
  });

  it.each([
    ['::set-output name=x::y', ': :set-output name=x::y'],
    ['\t ::add-mask::y', '\t : :add-mask::y'],
    ['a ::error::b', 'a ::error::b'],
    [':::error::b', ': ::error::b'],
    ['a ##[error]b', 'a ## [error]b'],
    ['###[error]b', '### [error]b'],
    ['#\u200b#\u00ad[error]b', '## [error]b'],
    ['\u0000::\u200c:error::b', ': ::error::b'],
    ['\u001b[31m::error::b\u001b[0m', ': :error::b'],
    ['fine\r::error::b', 'fine\n: :error::b'],
    ['\u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'link'],
  ])('prints %j of another program as %j', (line, shown) => {
    const { log, text } = record('runner');
    log.output(line);
    expect(text()).toBe(`${shown}\n`);
    expect(commandsIn(text())).toEqual([]);
  });

  it('shows commands as they could be typed', () => {
    const { log, text } = record('runner');
    log.command('kubectl set image deployment/hello app=x');
    expect(text()).toBe('[command]kubectl set image deployment/hello app=x\n');
  });
});

describe('the log of the terminal', () => {
  it('hands what it prints to a screen, without what could move its cursor', async () => {
    const { log, text } = record('terminal');
    await log.group('test', async () => {
      log.command('bash -eo pipefail');
      log.output('\u001b[32mok\u001b[0m');
      await Promise.resolve();
    });
    log.error('no such key\nline two', { file: 'deploy.yml', line: 3, column: 5 });
    log.warning('careful');
    log.progress('rollout', 'deployment/api', '1/3 ready');
    log.info('done');
    expect(text().split('\n').map((line) => line.replace(/^ +0\.0 s +/, ''))).toEqual([
      'test', '$ bash -eo pipefail', 'ok', 'error: deploy.yml:3:5: no such key', '  line two', 'warning: careful', 'rollout    deployment/api  1/3 ready', 'done', '',
    ]);
  });

  it.each([
    [{}, true, true], [{}, false, false], [{ NO_COLOR: '1' }, true, false], [{ NO_COLOR: '' }, true, true], [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true], [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true], [{ FORCE_COLOR: '0' }, true, false], [{ FORCE_COLOR: '' }, false, false],
  ])('with %j and a terminal: %s, colours: %s', (env, isTerminal, wanted) => {
    expect(wantsColour(env, isTerminal)).toBe(wanted);
  });

  it.each([
    [{}, true, true], [{}, false, false], [{ TERM: 'dumb' }, true, false], [{ CI: 'true' }, true, false], [{ NO_COLOR: '1' }, true, true], [{ FORCE_COLOR: '1' }, false, false],
  ])('with %j and a terminal: %s, it draws in place: %s', (env, isTerminal, wanted) => {
    expect(canDraw(env, isTerminal)).toBe(wanted);
  });
});

describe('progress', () => {
  it('says each change once, in columns', () => {
    const { log, text } = record('runner');
    log.progress('rollout', 'deployment/hello', '1/3 ready');
    log.progress('rollout', 'deployment/hello', '1/3 ready');
    log.progress('rollout', 'deployment/a', '0/1 ready');
    log.progress('rollout', 'deployment/hello', '2/3 ready · hello-7c9f pulling 4 s');
    log.progress('smoke', 'deployment/hello', '1/3 ready');
    expect(text()).toBe([
      'rollout    deployment/hello  1/3 ready',
      'rollout    deployment/a      0/1 ready',
      'rollout    deployment/hello  2/3 ready · hello-7c9f pulling 4 s',
      'smoke      deployment/hello  1/3 ready', '',
    ].join('\n'));
  });
});

/** Text that is out to be obeyed: the signs of both notations, white space, and what the eye does not see. */
const hostile = fc.array(fc.oneof(
  fc.constantFrom('::', ':', '##[', '#', '[', ']', '\n', '\r', '\r\n', ' ', '\t', '\u00a0', '\u2028', '\ufeff', '\u200b', '\u00ad', '\u0000',
    '\u001b[', '\u001b]', '\u0007', '\u034f', '\ufe0f', '%0A', '%', ',', '=', 'error', 'add-mask', 'set-output name=a', 'stop-commands'),
  fc.string({ unit: anyCharacter, maxLength: 4 })), { maxLength: 14 }).map((parts) => parts.join(''));

/** Says the same hostile things in every way that a log has. */
function sayAll(log: Log, a: string, b: string): Promise<void> {
  log.info(a);
  log.output(b);
  log.command(a + b);
  log.progress(a, b, a);
  log.error(a, { title: b, file: a, line: 1 });
  log.warning(b);
  return log.group(a, () => { log.info(b + a); return Promise.resolve(); });
}

describe('whatever is printed', () => {
  it('is never a command of somebody else', async () => {
    await fc.assert(fc.asyncProperty(hostile, hostile, async (a, b) => {
      const { log, text } = record('runner');
      await sayAll(log, a, b);
      expect(commandsIn(text()).map((command) => command.name)).toEqual(['error', 'warning', 'group', 'endgroup']);
    }), { numRuns: 500 });
  });

  it('gives the properties of annotations as they were, and no others', () => {
    fc.assert(fc.property(hostile, (title) => {
      const { log, text } = record('runner');
      log.error('x', { title, line: 7 });
      const [command] = commandsIn(text());
      expect(Object.keys(command?.properties ?? {}).filter((name) => name !== 'title')).toEqual(['line']);
    }));
  });

  it('holds no control characters, and as many lines as were meant', () => {
    fc.assert(fc.property(hostile, (a) => {
      const { log, text } = record('terminal');
      log.info(a);
      // eslint-disable-next-line no-control-regex -- that there are none is the point
      expect(text()).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      expect(text().split('\n').length - 1).toBe(a.split(/\r\n|\r|\n/).length);
    }));
  });

  it('never shows a masked value, in any of its forms', async () => {
    const secret = fc.oneof(hostile, fc.string({ unit: 'grapheme', minLength: 1 }), fc.base64String({ minLength: 4 }))
      .filter((text) => text.trim().length >= 4 && !/[*]/.test(text) && !/^[\s:#[\]%A-F0-9]*$/.test(text));
    await fc.assert(fc.asyncProperty(secret, hostile, hostile, fc.constantFrom('runner' as const, 'terminal' as const), async (value, a, b, kind) => {
      const single = value.replace(/[\r\n]+/g, ' ').trim();
      fc.pre(single.length >= 4);
      const { log, text } = record(kind);
      log.mask(single);
      await sayAll(log, a + single + b, b + Buffer.from(`${a}:${single}`).toString('base64') + JSON.stringify(single) + a);
      const lines = readLikeRunner(text()).map((line) => (typeof line === 'string' ? line : line.name === 'add-mask' ? '' : line.data));
      // What is our own: words and signs that are there without any secret.
      const ours = record(kind);
      await sayAll(ours.log, a + b, b + a);
      if (!ours.text().includes(single)) expect(lines.filter((line) => line.includes(single))).toEqual([]);
    }), { numRuns: 300 });
  });
});

describe('masks for the runner', () => {
  it('come before the first line after them, one for each line of a secret that says something', () => {
    const { log, text } = record('runner');
    log.mask('{\n  "key": "abc%"\n}');
    expect(text()).toBe('');
    log.keep(['deployed']);
    log.mask('deploy');
    log.mask('kind: Config', 'document');
    log.mask('s3cret');
    log.info('s3cret deployed');
    expect(text()).toBe('::add-mask::"key": "abc%25"\n::add-mask::s3cret\n*** deployed\n');
  });
});

describe('masking that fails', () => {
  const broken = (): Masking => {
    const fail = () => { throw new SyntaxError('Invalid regular expression: /s3cret/: Regular expression too large'); };
    return { add: fail, keep: fail, hides: fail, forRunner: fail, redact: fail };
  };

  it('shows nothing at all, of what failed neither, and ends nothing', async () => {
    const written: string[] = [];
    const log = createRunnerLog((text) => { written.push(text); }, broken());
    log.mask('s3cret');
    log.error('s3cret', { title: 's3cret', file: 's3cret' });
    await log.group('s3cret', () => { log.output('s3cret'); return Promise.resolve(); });
    expect([log.redact('s3cret'), log.hides('s3cret')]).toEqual(['*** (not shown: it could not be searched for secrets)', true]);
    expect(written.join('')).not.toContain('s3cret');
    expect(written.join('')).toContain('could not be searched for secrets');
  });

  it('does not show a later text because it has recovered', () => {
    const written: string[] = [];
    let fails = true;
    const log = createRunnerLog((text) => { written.push(text); }, { ...broken(), forRunner: () => [], add: () => { if (fails) throw new Error('no memory'); }, redact: (text) => text });
    log.mask('s3cret');
    fails = false;
    log.info('s3cret');
    expect(written).toEqual(['*** (not shown: it could not be searched for secrets)\n']);
  });
});
