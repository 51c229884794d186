import { describe, expect, it } from '@jest/globals';
import { DataError } from '../../src/data/error.js';
import type { Workload } from '../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import { markOf } from '../../src/kubernetes/fence/mark.js';
import { finishRestore } from '../../src/workflow/finish-restore.js';
import { addBackup } from '../data/backups.js';
import { isWrite, type Asked } from '../kubernetes/server/memory-server.js';
import { DataWorld } from './data-world.js';
import type { TestRun } from './world.js';

function place(): DataWorld {
  const here = new DataWorld();
  addBackup(here.store, here.world.clock.now() - 3_600_000);
  return here;
}

const appOf = ({ world }: DataWorld): unknown[] => {
  const workload = world.server.get<Workload>(apiPath(resources.deployments, 'web', 'api')) ?? {};
  return [workload.spec?.replicas, markOf(workload)?.run];
};

/** Where the process is killed: in a step of the database, or as a request is sent. */
const moments: Readonly<Record<string, (here: DataWorld, kill: () => void) => void>> = {
  'once the app is stopped': (here, kill) => { here.main.during = (step) => (step === 'swap' ? kill() : undefined); },
  'in the exchange, which happens': (here, kill) => {
    here.main.isNotAnswered = true;
    here.main.during = (step) => (step === 'swap' ? kill() : undefined);
  },
  'after the exchange, before the app is started': (here, kill) => killAt(here, isStart, kill),
  'while the app is being stopped': (here, kill) => killAt(here, isStop, kill),
};
const text = ({ body }: Asked): string => JSON.stringify(body) ?? '';
const isStop = (asked: Asked): boolean => isWrite(asked) && text(asked).includes('"/spec/replicas","value":0}') && text(asked).includes('"op":"add"');
const isStart = (asked: Asked): boolean => isWrite(asked) && asked.path.endsWith('/deployments/api') && text(asked).includes('"op":"remove"');

function killAt({ world }: DataWorld, is: (asked: Asked) => boolean, kill: () => void): void {
  world.server.trouble = (asked) => {
    if (!is(asked)) return undefined;
    kill();
    return isStop(asked) ? 'lost' : 'cut';
  };
}

/** A restore that is killed at a moment. */
async function killed(here: DataWorld, moment: keyof typeof moments): Promise<TestRun> {
  const dead = here.restore();
  await new Promise<void>((resolve) => {
    moments[moment]?.(here, () => {
      dead.kill();
      resolve();
    });
    void here.restored(dead);
  });
  here.main.during = () => undefined;
  here.main.isNotAnswered = false;
  here.world.server.trouble = () => undefined;
  return dead;
}

describe('the post step of a restore that was killed', () => {
  it.each(Object.keys(moments))('%s starts the app again, and removes what was not exchanged', async (moment) => {
    const here = place();
    const dead = await killed(here, moment);
    expect([appOf(here), dead.kept]).toEqual([[0, 'run-1'], ['run-1']]);
    const post = here.restore({}, { id: 'run-1', hasPost: false });
    expect(await finishRestore(post.run, here.session)).toBe(true);
    expect([appOf(here), here.world.holder, here.holderOf(), here.main.beside]).toEqual([[2, undefined], '', '', undefined]);
    expect(['of today', 'of the backup']).toContain(here.main.data);
    expect(post.lines).toEqual(expect.arrayContaining(['info deployment/api is started again']));
  });
  it('starts the app although the database does not answer', async () => {
    const here = place();
    await killed(here, 'once the app is stopped');
    here.main.fails.open = new DataError('restore-failed', 'No pod is ready');
    const post = here.restore({}, { id: 'run-1', hasPost: false });
    expect([await finishRestore(post.run, here.session), appOf(here)]).toEqual([true, [2, undefined]]);
    expect(post.lines).toContain('warning What the restore of main had not exchanged could not be removed: No pod is ready. The next restore removes it.');
  });
  it('says with which commands the app is started, where it cannot', async () => {
    const here = place();
    await killed(here, 'once the app is stopped');
    here.world.server.trouble = (asked) => (isStart(asked) ? { status: 403, reason: 'Forbidden', message: 'admission webhook "x" denied the request: frozen' } : undefined);
    const post = here.restore({}, { id: 'run-1', hasPost: false });
    expect([await finishRestore(post.run, here.session), appOf(here)]).toEqual([false, [0, 'run-1']]);
    expect(post.lines.join('\n')).toMatch(/warning deployment\/api could not be started again: .*\n.*scale deployment\/api --replicas=2/);
  });
  it('leaves it to the run that has taken over the locks', async () => {
    const here = place();
    await killed(here, 'once the app is stopped');
    here.world.takeLock('other');
    const post = here.restore({}, { id: 'run-1', hasPost: false });
    expect([await finishRestore(post.run, here.session), appOf(here)]).toEqual([true, [0, 'run-1']]);
    expect(post.lines.at(-1)).toMatch(/^warning The main step was stopped during a restore\. .* by another run since .* That run starts what this one has stopped\.$/);
  });
  it('does nothing to what another restore has stopped', async () => {
    const here = place();
    await killed(here, 'once the app is stopped');
    const post = here.restore({}, { id: 'run-9', hasPost: false });
    await here.world.clock.sleep(20_000);
    expect([await finishRestore(post.run, here.session), appOf(here)]).toEqual([true, [0, 'run-1']]);
  });
});
