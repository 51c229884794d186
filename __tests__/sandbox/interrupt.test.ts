import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';

/** Runs a module beside the sandbox's, signals it once it has printed `begun`, and returns how it ended. */
async function interrupted(body: string, signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM') {
  const module = new URL('../../sandbox/interrupt.mjs', import.meta.url);
  const program = `import { isLeaving, orderly } from '${module.href}';\nconst say = (text) => process.stdout.write(text + '\\n');\n${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let reported = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (reported += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (text.includes('begun')) child.kill(signal);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said.trim().split('\n'), reported: reported.trim() };
}

/** Work that ends a while after it is told to stop, and cleans up. */
const work = `await orderly('Interrupted. It ends first.', (stopped) => new Promise((resolve) => {
  const alive = setInterval(() => {}, 1000);
  stopped.addEventListener('abort', () => setImmediate(() => { clearInterval(alive); say('cleaned up ' + isLeaving()); resolve(); }));
  say('begun');
}));
say('and went on');
setInterval(() => {}, 1000);`;

describe('orderly work', () => {
  it.each([['SIGHUP', 129], ['SIGINT', 130], ['SIGTERM', 143]] as const)('ends before %s ends the program', async (signal, code) => {
    const end = await interrupted(work, signal);
    expect({ code: end.code, reported: end.reported, said: end.said.slice(0, 2) }).toEqual({ code, reported: 'Interrupted. It ends first.', said: ['begun', 'cleaned up true'] });
  });

  it('does not keep the program when it has ended', async () => {
    expect(await interrupted(`await orderly('not printed', async () => {});\nsay('begun');\nsetInterval(() => {}, 1000);`, 'SIGINT')).toEqual({ code: 130, said: ['begun'], reported: '' });
  });

  it('fails as the work does', async () => {
    const end = await interrupted(`await orderly('', () => Promise.reject(new Error('no'))).catch((error) => say(error.message));`, 'SIGINT');
    expect(end).toEqual({ code: 0, said: ['no'], reported: '' });
  });
});
