import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../src/kubernetes/client/resources.js';
import { ApiError, type Api } from '../../../src/kubernetes/client/api.js';
import type { KubeObject } from '../../../src/kubernetes/client/objects.js';
import { watchWorkloads } from '../../../src/kubernetes/observe/watching.js';
import { handClock, swiftClock } from '../client/hand-clock.js';
import { fakePorts } from '../client/fake-ports.js';
import { openRelease } from '../../../src/target/set-image/release.js';
import { deployment, pod, service, target } from '../judge/build.js';
import { check } from '../judge/simulation.js';
import { fakeCluster } from '../../target/set-image/fake-cluster.js';

interface Opened {
  readonly asked: string[];
  readonly streams: Map<string, (line: string) => void>;
  readonly cluster: ReturnType<typeof fakeCluster>;
}

/** A cluster whose lists hold what is given by their plural, and whose streams are kept open. */
function serving(lists: Readonly<Record<string, readonly KubeObject[] | ApiError>> = {}): Opened {
  const asked: string[] = [];
  const streams = new Map<string, (line: string) => void>();
  const pluralOf = (path: string) => /namespaces\/web\/(\w+)/.exec(path)?.[1] ?? '';
  const cluster = fakeCluster({
    stream: (path, onLine, signal) => {
      asked.push(path);
      streams.set(pluralOf(path), onLine);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  });
  const get = async (path: string): Promise<never> => {
    asked.push(path);
    const list = lists[pluralOf(path)] ?? [];
    if (list instanceof ApiError) throw list;
    return { metadata: { resourceVersion: '100' }, items: list } as never;
  };
  return { asked, streams, cluster: { ...cluster, api: { ...cluster.api, get } } };
}

const flush = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const open = (opened: Opened, clock = handClock(), kinds: Parameters<typeof watchWorkloads>[2] = new Set(['deployment'])) =>
  watchWorkloads(opened.cluster, clock, kinds, [deployment()]);

describe('watching', () => {
  it('ends with what could not be understood of the world, instead of waiting for news that cannot come', async () => {
    const opened = serving();
    const broken = { metadata: { resourceVersion: '100' }, items: {} } as never;
    const stream = async (): Promise<void> => { throw new TypeError('not a stream'); };
    const { get } = opened.cluster.api;
    let lists = 0;
    const api: Api = { ...opened.cluster.api, stream, get: async <T>(path: string): Promise<T> => ((lists += 1) > 5 ? broken : get<T>(path)) };
    const watched = await watchWorkloads({ ...opened.cluster, api }, swiftClock(), new Set(['cronjob']), [deployment()]);
    const ended = async (): Promise<void> => { for (;;) await watched.news(1000); };
    await expect(ended()).rejects.toThrow(TypeError);
    expect(watched.sees()).toBe(false);
    watched.close();
  });

  it('takes one list and one watch for each kind, whatever the number of workloads', async () => {
    const opened = serving();
    const many = Array.from({ length: 50 }, (_each, index) => ({ ...deployment(), metadata: { name: `api-${index}` }, spec: { selector: { matchLabels: { app: `api-${index}` } } } }));
    const watched = await watchWorkloads(opened.cluster, handClock(), new Set(['deployment']), many);
    await flush();
    expect(opened.asked.map((path) => /namespaces\/web\/(\w+)/.exec(path)?.[1]).sort()).toEqual(
      ['deployments', 'endpointslices', 'events', 'pods', 'replicasets'].flatMap((plural) => [plural, plural]));
    watched.close();
  });

  it.each([
    [['statefulset'], ['endpointslices', 'events', 'pods', 'statefulsets']],
    [['daemonset'], ['controllerrevisions', 'daemonsets', 'endpointslices', 'events', 'pods']],
    [['cronjob'], ['cronjobs', 'endpointslices', 'events', 'pods']],
  ] as const)('of %j asks for what belongs to it', async (kinds, plurals) => {
    const opened = serving();
    const watched = await open(opened, handClock(), new Set(kinds));
    await flush();
    expect([...opened.streams.keys()].sort()).toEqual(plurals);
    watched.close();
  });

  it('knows the world before it is given out, and what comes after', async () => {
    const opened = serving({ deployments: [deployment()], pods: [pod('a')] });
    const watched = await open(opened);
    await flush();
    expect(watched.world.view(target()).workload?.metadata?.name).toBe('api');
    opened.streams.get('pods')?.(JSON.stringify({ type: 'ADDED', object: pod('b') }));
    expect(watched.world.all(resources.pods).length).toBe(2);
    watched.close();
  });

  it('that is refused is an error, and ends every other watch', async () => {
    await expect(open(serving({ pods: new ApiError(403, 'Forbidden', 'pods is forbidden') }))).rejects.toMatchObject({ message: 'pods is forbidden' });
  });
});

describe('news', () => {
  it('wake everybody who waits, at once', async () => {
    const opened = serving();
    const watched = await open(opened);
    await flush();
    const woken: string[] = [];
    const waiting = ['one', 'two'].map((who) => watched.news(60_000).then(() => woken.push(who)));
    await flush();
    expect(woken).toEqual([]);
    opened.streams.get('pods')?.(JSON.stringify({ type: 'ADDED', object: pod('b') }));
    await Promise.all(waiting);
    expect(woken.sort()).toEqual(['one', 'two']);
    watched.close();
  });
  it('that do not come are waited for as long as was asked', async () => {
    const clock = handClock();
    const watched = await open(serving(), clock);
    let over = false;
    const waiting = watched.news(5000).then(() => (over = true));
    clock.advance(4999);
    await flush();
    expect(over).toBe(false);
    clock.advance(1);
    await waiting;
    watched.close();
  });
  it('are no longer waited for when the run is cancelled', async () => {
    const stop = new AbortController();
    const watched = await open(serving());
    const waiting = watched.news(5000, stop.signal);
    stop.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    watched.close();
  });
});

describe('a watch that breaks', () => {
  /** Each try of a stream of this kind is answered in turn; the last answer is given for ever. */
  const broken = (plural: string, answers: readonly (ApiError | 'stands')[]) => {
    const opened = serving();
    let count = 0;
    const stream: Api['stream'] = (path, _onLine, signal, onBegun) => {
      const answer = path.includes(`/${plural}`) ? answers[Math.min(count++, answers.length - 1)] : 'stands';
      if (answer instanceof ApiError) return Promise.reject(answer);
      onBegun?.();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    };
    return { ...opened, cluster: { ...opened.cluster, api: { ...opened.cluster.api, stream } } };
  };
  const away = new ApiError(0, 'NoAnswer', 'connection refused');
  const refusal = new ApiError(403, 'Forbidden', 'pods is forbidden');
  /** Lets so much time pass, a second at a time. */
  const pass = async (clock: ReturnType<typeof handClock>, ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1000) {
      clock.advance(1000);
      await flush();
    }
  };

  it('makes blind, and its return wakes who waits', async () => {
    const clock = handClock();
    const watched = await open(broken('pods', [away, away, 'stands']), clock);
    await flush();
    expect(watched.sees()).toBe(false);
    const news = watched.news(60_000);
    await pass(clock, 2000);
    await news;
    expect(watched.sees()).toBe(true);
    watched.close();
  });
  it('of events only explains less', async () => {
    const watched = await open(broken('events', [away]), handClock());
    await flush();
    expect(watched.sees()).toBe(true);
    watched.close();
  });
  it('may be refused by a server that has just started', async () => {
    const clock = handClock();
    const watched = await open(broken('pods', [refusal, away, refusal, refusal, 'stands']), clock);
    await pass(clock, 20_000);
    const news = watched.news(0);
    clock.advance(0);
    await expect(news).resolves.toBeUndefined();
    expect(watched.sees()).toBe(true);
    watched.close();
  });
  it('is refused for good when that lasts: the login has run out', async () => {
    const clock = handClock();
    const watched = await open(broken('pods', [refusal]), clock);
    await pass(clock, 12_000);
    const early = watched.news(0);
    clock.advance(0);
    await expect(early).resolves.toBeUndefined();
    await pass(clock, 6000);
    const late = watched.news(0);
    clock.advance(0);
    await expect(late).rejects.toMatchObject({ code: 'permission-denied', message: 'The account is no longer allowed to watch the cluster: pods is forbidden.' });
    watched.close();
  });
});

describe('a release that cannot be opened', () => {
  it('leaves no watch open, which would keep the process alive', async () => {
    const opened = serving();
    const stop = new AbortController();
    const ends: AbortSignal[] = [];
    const { api } = opened.cluster;
    const cluster = { ...opened.cluster, api: {
      ...api,
      stream: (path: string, onLine: (line: string) => void, signal: AbortSignal) => (ends.push(signal), api.stream(path, onLine, signal)),
      raw: () => (stop.abort(new Error('stopped')), Promise.reject(new Error('cut'))),
    } };
    const scope = {
      ports: fakePorts({ cancelled: stop.signal }), cluster, changes: [target()], workloads: [deployment()], services: [service('api')],
      config: { smoke: [check], timeoutMs: 1000 },
    };
    await expect(openRelease(scope)).rejects.toThrow('stopped');
    await flush();
    expect(ends.map(({ aborted }) => aborted)).toEqual(Array.from({ length: 5 }, () => true));
  });
});
