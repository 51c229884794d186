import { describe, expect, it } from '@jest/globals';
import { openCluster, type Cluster } from '../../../src/kubernetes/client/cluster.js';
import type { Job, Pod, Service, Workload } from '../../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../../src/kubernetes/client/resources.js';
import { jobName } from '../../../src/kubernetes/job/job-labels.js';
import type { JobWish } from '../../../src/kubernetes/job/job-object.js';
import { othersEnded } from '../../../src/kubernetes/job/other-jobs.js';
import { endJobOf } from '../../../src/kubernetes/job/end-job.js';
import type { Sidecar } from '../../../src/kubernetes/job/sidecar.js';
import { runJob, type JobDone } from '../../../src/kubernetes/job/run-job.js';
import { CancelledError } from '../../../src/outcome/errors.js';
import type { OneOffError } from '../../../src/outcome/one-off.js';
import { podsOf } from '../server/deployments.js';
import { jobsOf, type Program } from '../server/jobs.js';
import type { Asked } from '../server/memory-server.js';
import { second, TestWorld, type TestRun } from '../../workflow/world.js';

interface Place {
  readonly world: TestWorld;
  readonly started: TestRun;
  readonly cluster: Cluster;
  readonly scope: { readonly cluster: Cluster; readonly ports: TestRun['run']['ports'] };
}

async function placeWith(program: Program = {}, world = new TestWorld()): Promise<Place> {
  world.jobProgram = () => program;
  const started = world.start('deploy');
  const cluster = await openCluster(started.run.ports, started.run.config.cluster, '/private');
  return { world, started, cluster, scope: { cluster, ports: started.run.ports } };
}

const wishIn = ({ world, started }: Place, changes: Partial<JobWish> = {}): JobWish => ({
  app: 'api', purpose: 'migrate', run: started.run.id, kind: 'deployment', workload: world.server.get<Workload>(apiPath(resources.deployments, 'web', 'api')) ?? {},
  services: world.server.below<Service>(apiPath(resources.services, 'web')), images: new Map([['app', world.imageOf(second)]]), command: ['/app', 'migrate'], text: '/app migrate', timeoutMs: 600_000, ...changes,
});

const run = (place: Place, changes: Partial<JobWish> = {}): Promise<JobDone> => runJob(place.scope, wishIn(place, changes), place.started.run.ports.cancelled);
const failureOf = (done: Promise<unknown>): Promise<OneOffError> => done.then(() => { throw new Error('it succeeded'); }, (error: unknown) => error as OneOffError);
const jobPods = ({ world }: Place): Pod[] => podsOf(world.server).filter(({ metadata }) => metadata?.labels?.['deploy-action/job'] !== undefined);
const outputOf = ({ started }: Place): string[] => started.lines.filter((line) => line.startsWith('output ')).map((line) => line.slice('output '.length));

/** Does something once, when the program has printed its first line. */
async function atFirstLine({ started, world }: Place, act: () => void): Promise<void> {
  while (!started.lines.some((line) => line.startsWith('output '))) await world.clock.sleep(50);
  act();
}

describe('a command that is run as a Job', () => {
  it('succeeds, and its log is in the log of the run', async () => {
    const place = await placeWith({ lines: ['applying 1', 'applying 2', 'done'] });
    const { name, log } = await run(place);
    expect([name, outputOf(place)]).toEqual([jobName({ app: 'api', purpose: 'migrate', run: 'run-1' }), ['applying 1', 'applying 2', 'done']]);
    expect(log).toEqual([{ title: `log of job/${name}`, text: 'applying 1\napplying 2\ndone', decisive: undefined, isPrinted: true }]);
    expect(place.started.lines).toContain(`progress migrate job/${name} running`);
  });
  it('fails with its exit code and the line that says why', async () => {
    const place = await placeWith({ lines: ['applying 7', 'ERROR: column "email" does not exist', 'at migrate.js:3'], code: 3 });
    const error = await failureOf(run(place));
    expect([error.code, error.hasStarted, error.message]).toEqual(['command-failed', true, expect.stringMatching(/^`\/app migrate` \(job\/api-migrate-\w+\) exited with code 3\.$/)]);
    expect(error.evidence.map(({ decisive }) => decisive)).toEqual(['ERROR: column "email" does not exist']);
  });
  it('fails when it runs out of memory', async () => {
    const error = await failureOf(run(await placeWith({ code: 137, reason: 'OOMKilled' })));
    expect([error.code, error.message]).toEqual(['out-of-memory', expect.stringContaining('ran out of memory and was killed; it has no memory limit')]);
  });
  it.each([
    ['pull', 'image-not-found', 'cannot pull'], ['config', 'container-config', 'secret "database" not found'], ['unschedulable', 'unschedulable', '0/1 nodes are available'],
    ['quota', 'quota-exceeded', 'exceeded quota: small'],
  ] as const)('that cannot start (%s) is named long before its time limit, and deleted', async (stuck, cause, words) => {
    const place = await placeWith({ stuck });
    const before = place.world.clock.monotonic();
    const error = await failureOf(run(place));
    expect([error.code, error.hasStarted, error.message]).toEqual([cause, false, expect.stringContaining(words)]);
    expect(place.world.clock.monotonic() - before).toBeLessThan(200_000);
    expect([jobsOf(place.world.server), jobPods(place)]).toEqual([[], []]);
  });
  it('that is denied by the API server has not started', async () => {
    const place = await placeWith();
    place.world.server.trouble = ({ method, path }) => (method === 'POST' && path.endsWith('/jobs') ? { status: 403, reason: 'Forbidden', message: 'jobs.batch is forbidden: User "ci" cannot create resource "jobs"' } : undefined);
    expect(await failureOf(run(place))).toMatchObject({ code: 'permission-denied', hasStarted: false, message: expect.stringContaining('could not be created') });
  });
  it('is ended at its time limit', async () => {
    const place = await placeWith({ lines: ['waiting for a lock'], afterMs: 900_000, stopMs: 20_000 });
    const error = await failureOf(run(place, { timeoutMs: 60_000 }));
    expect([error.code, error.hasStarted, error.message]).toEqual(['deadline', true, expect.stringContaining('did not finish within 60 s')]);
    expect(place.world.jobs.running).toBe(0);
  });
  it('is done when its own container is, whatever was injected beside it', async () => {
    const place = await placeWith({ lines: ['done'], injected: true });
    await run(place);
    expect([outputOf(place), jobsOf(place.world.server)[0]?.metadata?.deletionTimestamp]).toEqual([['done'], expect.anything()]);
  });
  it('is deleted when the run is cancelled, and its pod is waited for', async () => {
    const place = await placeWith({ lines: ['applying 1'], afterMs: 60_000, stopMs: 2000 });
    const done = failureOf(run(place));
    await atFirstLine(place, () => place.started.cancel());
    expect(await done).toBeInstanceOf(CancelledError);
    expect([place.world.jobs.running, jobPods(place), jobsOf(place.world.server)]).toEqual([0, [], []]);
    expect(place.started.sinceCancelled()).toBeLessThan(8000);
  });
  it('that does not end when it is asked to is reported, and not waited for beyond the seconds of a cancelled step', async () => {
    const place = await placeWith({ lines: ['applying 1'], afterMs: 60_000, stopMs: 30_000 });
    const done = failureOf(run(place));
    await atFirstLine(place, () => place.started.cancel());
    expect(await done).toBeInstanceOf(CancelledError);
    expect(place.started.sinceCancelled()).toBeLessThan(9000);
    expect(place.started.lines.at(-1)).toMatch(/^warning job\/\S+ was not seen to be gone: `\/app migrate` may still be running/);
  });
  it('that somebody deletes has failed', async () => {
    const place = await placeWith({ lines: ['applying 1'], afterMs: 60_000 });
    const done = failureOf(run(place));
    await atFirstLine(place, () => void place.cluster.api.send('DELETE', apiPath(resources.jobs, 'web', jobName({ app: 'api', purpose: 'migrate', run: 'run-1' }))));
    expect(await done).toMatchObject({ code: 'superseded', hasStarted: true, message: expect.stringContaining('was deleted by someone else') });
  });
  it('whose Job somebody deletes without its pod is followed to its end', async () => {
    const place = await placeWith({ lines: ['applying 1', 'applying 2'], lineMs: 20_000 });
    const done = run(place);
    await atFirstLine(place, () => place.world.jobs.orphan(jobName({ app: 'api', purpose: 'migrate', run: 'run-1' })));
    await done;
    expect(outputOf(place)).toEqual(['applying 1', 'applying 2']);
    expect(place.started.lines).toContainEqual(expect.stringMatching(/^warning job\/\S+ was deleted by someone else, but its pod still runs: waiting for its end$/));
  });
  it('is created once, although the answer was lost', async () => {
    const place = await placeWith({ lines: ['done'] });
    let lost = false;
    place.world.server.trouble = ({ method, path }) => {
      if (lost || method !== 'POST' || !path.endsWith('/jobs')) return undefined;
      lost = true;
      return 'lost';
    };
    await run(place);
    expect([place.world.jobs.started.length, outputOf(place)]).toEqual([1, ['done']]);
  });
  it('is followed through an API server that is away for a while, and no line is lost or printed twice', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `applying ${index}`);
    const place = await placeWith({ lines, lineMs: 1000 });
    const [from, until] = [place.world.clock.monotonic() + 5000, place.world.clock.monotonic() + 20_000];
    place.world.server.trouble = () => (place.world.clock.monotonic() > from && place.world.clock.monotonic() < until ? 'cut' : undefined);
    await run(place);
    expect(outputOf(place)).toEqual(lines);
  });
  it('whose log stream is cut again and again is read to its end', async () => {
    const lines = Array.from({ length: 20 }, (_, index) => `applying ${index}`);
    const place = await placeWith({ lines, lineMs: 300 });
    const { log } = place.world.server;
    place.world.server.log = (pod, query) => {
      const pieces = log(pod, query);
      return pieces && query.has('follow') ? cutAfter(pieces, 2) : pieces;
    };
    await run(place);
    expect(outputOf(place)).toEqual(lines);
  });
  it('whose log cannot be read succeeds all the same, and says so', async () => {
    const place = await placeWith({ lines: ['done'] });
    place.world.server.trouble = ({ path }: Asked) => (path.endsWith('/log') ? { status: 403, reason: 'Forbidden', message: 'pods "x" is forbidden: cannot get resource "pods/log"' } : undefined);
    await run(place);
    expect(place.started.lines).toContainEqual(expect.stringMatching(/^warning The log of job\/\S+ is incomplete: /));
  });
});

async function* cutAfter(pieces: AsyncIterable<string>, count: number): AsyncGenerator<string> {
  let left = count;
  for await (const piece of pieces) {
    yield piece;
    if ((left -= 1) <= 0) return;
  }
}

describe('a Job of a run that died', () => {
  const dead = async (program: Program): Promise<Place> => {
    const place = await placeWith(program);
    void run(place);
    await atFirstLine(place, () => place.started.kill());
    return placeWith({ lines: ['second'] }, place.world);
  };

  it('goes on, and the next run waits for its end', async () => {
    const place = await dead({ lines: ['first'], afterMs: 90_000 });
    await othersEnded(place.scope, 'api', { awaited: ['migrate'], ended: [] }, place.started.run.id, place.started.run.ports.cancelled);
    expect([place.world.jobs.running, place.started.lines]).toEqual([0, [
      expect.stringMatching(/^info job\/api-migrate-\w+ of another run still runs `\/app migrate`: waiting until it has ended$/), expect.stringMatching(/^info job\/\S+ has ended$/),
    ]]);
    await run(place);
    expect([place.world.jobs.started.length, place.world.jobs.mostRunning]).toEqual([2, 1]);
  });
  it('and that was deleted without its pod is waited for as well', async () => {
    const place = await dead({ lines: ['first'], afterMs: 90_000 });
    place.world.jobs.orphan(jobName({ app: 'api', purpose: 'migrate', run: 'run-1' }));
    await othersEnded(place.scope, 'api', { awaited: ['migrate'], ended: [] }, place.started.run.id, place.started.run.ports.cancelled);
    expect(place.world.jobs.running).toBe(0);
  });
  it('that has ended is not waited for, and nothing is watched', async () => {
    const place = await dead({ lines: ['first'], afterMs: 1000 });
    await place.world.clock.sleep(5000);
    await othersEnded(place.scope, 'api', { awaited: ['migrate'], ended: [] }, place.started.run.id, place.started.run.ports.cancelled);
    expect(place.started.lines).toEqual([]);
  });
  it('of another app or purpose is not waited for', async () => {
    const place = await dead({ lines: ['first'], afterMs: 90_000 });
    await othersEnded(place.scope, 'web', { awaited: ['migrate'], ended: [] }, place.started.run.id, place.started.run.ports.cancelled);
    await othersEnded(place.scope, 'api', { awaited: ['rehearse'], ended: ['other'] }, place.started.run.id, place.started.run.ports.cancelled);
    expect(place.world.jobs.running).toBe(1);
  });
  it('that has nothing to lose is ended, and waited for', async () => {
    const place = await dead({ lines: ['first'], afterMs: 90_000, stopMs: 2000 });
    const before = place.world.clock.monotonic();
    await othersEnded(place.scope, 'api', { awaited: [], ended: ['migrate'] }, place.started.run.id, place.started.run.ports.cancelled);
    expect([place.world.jobs.running, jobsOf(place.world.server)]).toEqual([0, []]);
    expect(place.world.clock.monotonic() - before).toBeLessThan(20_000);
  });
  it('that never ends is named with the command that ends it', async () => {
    const place = await dead({ lines: ['first'], afterMs: 90_000, stopMs: 10_000_000 });
    place.world.jobProgram = () => ({});
    await place.world.clock.sleep(1000);
    await place.cluster.api.send('DELETE', apiPath(resources.jobs, 'web', jobName({ app: 'api', purpose: 'migrate', run: 'run-1' })));
    const error = await failureOf(othersEnded(place.scope, 'api', { awaited: ['migrate'], ended: [] }, place.started.run.id, place.started.run.ports.cancelled));
    expect([error.code, error.hint]).toEqual(['locked', expect.stringMatching(/kubectl .*delete job api-migrate-\w+ --cascade=foreground/)]);
  });
  it('can be ended by another process', async () => {
    const place = await dead({ lines: ['first'], afterMs: 90_000 });
    expect(await endJobOf(place.scope, jobName({ app: 'api', purpose: 'migrate', run: 'run-1' }), 60_000)).toBe(true);
    expect([place.world.jobs.running, jobsOf(place.world.server).map((job: Job) => job.metadata?.name)]).toEqual([0, []]);
  });
  it('has its result taken by a process of the same run', async () => {
    const place = await placeWith({ lines: ['first'], afterMs: 2000 });
    void run(place);
    await atFirstLine(place, () => place.started.kill());
    const again = await placeWith({}, place.world);
    await run(again, { run: 'run-1' });
    expect(place.world.jobs.started.length).toBe(1);
  });
});

describe('a command with a sidecar', () => {
  const sidecarWith = (place: Place, changes: Partial<Sidecar> = {}): { readonly sidecar: Sidecar; readonly story: string[] } => {
    const story: string[] = [];
    return {
      story, sidecar: {
        container: { name: 'copy', restartPolicy: 'Always' }, volumes: [], hostAliases: [], imagePullSecrets: [], env: {}, timeoutMs: 300_000,
        prepare: async (pod, signal) => {
          await place.world.clock.sleep(3000, signal);
          story.push(`prepared ${pod.metadata?.name === undefined ? 'nothing' : 'its pod'}`);
        },
        conclude: async () => void story.push(`concluded after ${outputOf(place).length} lines`), end: async () => void story.push('ended'), ...changes,
      },
    };
  };
  it('is prepared before and looked at after it, and leaves no Job', async () => {
    const place = await placeWith({ lines: ['1', '2'] });
    const { sidecar, story } = sidecarWith(place);
    await run(place, { sidecar });
    expect([story, jobsOf(place.world.server).filter(({ metadata }) => metadata?.deletionTimestamp === undefined)]).toEqual([['prepared its pod', expect.stringMatching(/^concluded after \d lines$/), 'ended'], []]);
    expect(place.started.lines).toContainEqual(expect.stringMatching(/^progress migrate job\/\S+ preparing its sidecar$/));
  });
  it('is not started when the preparation fails, and nothing is left', async () => {
    const place = await placeWith({ lines: ['1'] });
    const { sidecar, story } = sidecarWith(place, { prepare: async () => { throw new Error('the dump does not restore'); } });
    await expect(run(place, { sidecar })).rejects.toThrow('the dump does not restore');
    expect([story, outputOf(place), jobsOf(place.world.server), jobPods(place)]).toEqual([['ended'], [], [], []]);
  });
  it('has its own time limit, from when its sidecar was prepared', async () => {
    const place = await placeWith({ lines: ['waiting for a lock'], afterMs: 900_000, sidecarMs: 200_000 });
    const { sidecar } = sidecarWith(place, { prepare: (_pod, signal) => place.world.clock.sleep(190_000, signal) });
    const error = await failureOf(run(place, { sidecar, timeoutMs: 60_000 }));
    expect([error.code, error.hasStarted, error.message]).toEqual(['deadline', true, expect.stringContaining('did not finish within 60 s')]);
    expect([place.world.jobs.running, jobsOf(place.world.server)]).toEqual([0, []]);
  });
  it('ends its sidecar and its Job when the run is cancelled', async () => {
    const place = await placeWith({ sidecarMs: 100_000 });
    const { sidecar, story } = sidecarWith(place, { prepare: (_pod, signal) => place.world.clock.sleep(90_000, signal) });
    const done = failureOf(run(place, { sidecar }));
    await place.world.clock.sleep(5000);
    place.started.cancel();
    expect(await done).toBeInstanceOf(CancelledError);
    expect([story, jobsOf(place.world.server), jobPods(place)]).toEqual([['ended'], [], []]);
  });
  it('waits at most as long for the look at it as its container is there', async () => {
    const place = await placeWith({ lines: ['1'] });
    const { sidecar, story } = sidecarWith(place, { conclude: () => new Promise(() => undefined) });
    await run(place, { sidecar });
    expect(story).toEqual(['prepared its pod', 'ended']);
  });
});
