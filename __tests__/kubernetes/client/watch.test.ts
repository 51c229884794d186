import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { socketHttp } from '../../../src/host/socket-http.js';
import { openApi, type ApiError } from '../../../src/kubernetes/client/api.js';
import { resources, type Resource } from '../../../src/kubernetes/client/resources.js';
import { watch, type ObjectChange, type WatchOptions } from '../../../src/kubernetes/client/watch.js';
import { serveApi, type Answering, type ApiServer, type Stream } from './api-server.js';
import { fakePorts } from './fake-ports.js';
import { swiftClock } from './hand-clock.js';

/** A server of one collection. A test lists and streams by hand. */
class Collection {
  readonly lists: Answering[] = [];
  readonly streams: Stream[] = [];
  readonly watched: URLSearchParams[] = [];
  readonly listed: URLSearchParams[] = [];
  items: readonly unknown[] = [];
  version = '100';
  refuseLists: readonly number[] = [];
  refuseWatches: number[] = [];

  readonly answer = (answering: Answering): void => {
    const { query } = answering.asked;
    const failures = query.get('watch') ? this.refuseWatches : (this.refuseLists as number[]);
    (query.get('watch') ? this.watched : this.listed).push(query);
    const status = failures.shift();
    if (status !== undefined) return status === 0 ? answering.cut() : answering.refuse(status, '', `answer ${status}`);
    if (query.get('watch')) this.streams.push(answering.stream());
    else answering.json({ kind: 'PodList', metadata: { resourceVersion: this.version }, items: this.items });
  };
}

const object = (name: string, version: string) => ({ metadata: { name, uid: `uid-${name}`, resourceVersion: version } });

let collection: Collection;
let server: ApiServer;
let stop: AbortController;
let closed: AbortController;
let clock: ReturnType<typeof swiftClock>;
let news: string[];

beforeEach(async () => {
  collection = new Collection();
  server = await serveApi(collection.answer);
  [stop, closed] = [new AbortController(), new AbortController()];
  clock = swiftClock();
  news = [];
});
afterEach(async () => {
  stop.abort();
  await server.close();
});

function begin(options: WatchOptions = {}, resource: Resource = resources.pods): Promise<void> {
  const note = ({ type, object: seen }: ObjectChange): unknown => news.push(`${type} ${seen.metadata?.name}@${seen.metadata?.resourceVersion}`);
  return watch(openApi(socketHttp(server.socketPath), fakePorts({ clock }), closed.signal), clock, resource, 'web', options, note, stop.signal).synced;
}

/** Lets the event loop turn until it is so. */
async function until(so: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000; turn += 1) {
    if (so()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`it never came to ${so.toString()}; news: ${news.join(', ')}`);
}

const streamCount = (count: number) => until(() => collection.streams.length === count);
const stream = (): Stream => {
  const last = collection.streams.at(-1);
  if (!last) throw new Error('no stream');
  return last;
};

describe('a watch', () => {
  it('lists, and goes on from there', async () => {
    collection.items = [object('a', '90'), object('b', '95')];
    await begin({ labelSelector: 'app in (api)' });
    expect(news).toEqual(['set a@90', 'set b@95']);
    await streamCount(1);
    expect(Object.fromEntries(collection.watched[0] ?? [])).toEqual(
      { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '100', labelSelector: 'app in (api)', timeoutSeconds: '290' });
    expect(collection.listed[0]?.get('labelSelector')).toBe('app in (api)');
    stream().send({ type: 'MODIFIED', object: object('a', '101') }, { type: 'ADDED', object: object('c', '102') }, { type: 'DELETED', object: object('b', '103') });
    await until(() => news.length === 5);
    expect(news.slice(2)).toEqual(['set a@101', 'set c@102', 'gone b@103']);
  });

  it('gives the objects of a list their kind, which a list leaves out', async () => {
    collection.items = [object('a', '90')];
    let kind: string | undefined;
    const seen = watch(openApi(socketHttp(server.socketPath), fakePorts({ clock }), closed.signal), clock, resources.pods, 'web', {}, (change) => (kind = change.object.kind), stop.signal);
    await seen.synced;
    expect(kind).toBe('Pod');
  });

  it('ends with the connection, and begins no other', async () => {
    await begin();
    await streamCount(1);
    const left = stream().left;
    closed.abort();
    await left;
    stream().send({ type: 'ADDED', object: object('a', '150') });
    // As long as a new stream takes that begins elsewhere.
    const other = new Collection();
    const elsewhere = await serveApi(other.answer);
    void watch(openApi(socketHttp(elsewhere.socketPath), fakePorts({ clock }), new AbortController().signal), clock, resources.pods, 'web', {}, () => undefined, stop.signal);
    await until(() => other.streams.length === 1);
    await elsewhere.close();
    expect([collection.streams.length, collection.listed.length, news]).toEqual([1, 1, []]);
  });

  it('that ends goes on at the last version that it saw', async () => {
    await begin();
    await streamCount(1);
    stream().send({ type: 'ADDED', object: object('a', '150') });
    stream().end();
    await streamCount(2);
    expect(collection.watched[1]?.get('resourceVersion')).toBe('150');
    expect(collection.listed.length).toBe(1);
  });

  it('that is cut goes on as well', async () => {
    await begin();
    await streamCount(1);
    stream().send({ type: 'ADDED', object: object('a', '150') });
    await until(() => news.length === 1);
    stream().cut();
    await streamCount(2);
    expect(collection.watched[1]?.get('resourceVersion')).toBe('150');
  });

  it('remembers the version of a bookmark, which is no news', async () => {
    await begin();
    await streamCount(1);
    stream().send({ type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '900' } } });
    stream().end();
    await streamCount(2);
    expect([collection.watched[1]?.get('resourceVersion'), news]).toEqual(['900', []]);
  });

  it('lists again when its version is too old, and tells what has gone meanwhile', async () => {
    collection.items = [object('a', '90'), object('b', '95')];
    await begin();
    await streamCount(1);
    collection.items = [object('b', '195'), object('c', '196')];
    collection.version = '200';
    stream().send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } });
    stream().end();
    await streamCount(2);
    expect(news.slice(2)).toEqual(['set b@195', 'set c@196', 'gone a@90']);
    expect(collection.watched[1]?.get('resourceVersion')).toBe('200');
  });

  it('lists again when the server says 410 before the stream begins', async () => {
    collection.refuseWatches = [410];
    await begin();
    await streamCount(1);
    expect(collection.listed.length).toBe(2);
  });

  it('goes on after any other error in the stream', async () => {
    await begin();
    await streamCount(1);
    stream().send({ type: 'ADDED', object: object('a', '150') }, { type: 'ERROR', object: { code: 500, message: 'etcd' } });
    stream().end();
    await streamCount(2);
    expect([collection.watched[1]?.get('resourceVersion'), collection.listed.length]).toEqual(['150', 1]);
  });

  it('is not led astray by lines that are none', async () => {
    await begin();
    await streamCount(1);
    stream().raw('<html>\n{"type":"ADDED"}\nnull\n[]\n"x"\n{"type":"ADDED","object":{"metadata":{"resourceVersion":7}}}\n');
    stream().send({ type: 'UNKNOWN', object: object('x', '120') }, { type: 'ADDED', object: object('a', '150') });
    await until(() => news.length === 1);
    expect(news).toEqual(['set a@150']);
  });

  it('keeps trying while the server is away, longer and longer apart but never more than 2 s', async () => {
    collection.refuseWatches = [500, 503, 0, 500, 429, 500, 500];
    await begin();
    await streamCount(1);
    expect(clock.slept).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
    expect(collection.watched.every((query) => query.get('resourceVersion') === '100')).toBe(true);
  });

  it('does not ask in a tight loop a server that ends each stream at once', async () => {
    await begin();
    for (let count = 1; count <= 4; count += 1) {
      await streamCount(count);
      stream().end();
    }
    await streamCount(5);
    expect(clock.slept).toEqual([100, 200, 400, 800]);
  });

  describe('that cannot take what it reads', () => {
    const opened = (poisoned: (count: number) => boolean) => {
      const troubles: string[] = [];
      const ends: unknown[] = [];
      let count = 0;
      const options = { onTrouble: (error: ApiError) => void troubles.push(error.message), onEnd: (error: unknown) => void ends.push(error) };
      const take = ({ type, object: seen }: ObjectChange): void => {
        if (type === 'set' && seen.metadata?.name === 'poison' && poisoned((count += 1))) throw new TypeError('x is not a function');
        news.push(seen.metadata?.name ?? '');
      };
      return { troubles, ends, synced: watch(openApi(socketHttp(server.socketPath), fakePorts({ clock }), closed.signal), clock, resources.pods, 'web', options, take, stop.signal).synced };
    };
    const feed = async (times: number): Promise<void> => {
      for (let time = 1; time <= times; time += 1) {
        await streamCount(time);
        stream().send({ type: 'ADDED', object: object('poison', `${100 + time}`) });
      }
    };
    it('says so each time, and ends for good after the fifth in a row', async () => {
      const { troubles, ends, synced } = opened(() => true);
      await synced;
      await feed(5);
      await until(() => ends.length === 1);
      expect(ends).toEqual([new TypeError('x is not a function')]);
      expect(troubles).toEqual(Array.from({ length: 5 }, () => 'the watch of pods returned something that could not be handled: x is not a function'));
      expect(collection.streams.length).toBe(5);
    });
    it('lists anew and goes on when it can the next time', async () => {
      const { troubles, ends, synced } = opened((count) => count === 1);
      await synced;
      await feed(2);
      await until(() => news.includes('poison'));
      expect([troubles.length, ends, collection.listed.length]).toEqual([1, [], 2]);
    });
  });

  it('ends when it is no longer wanted', async () => {
    await begin();
    await streamCount(1);
    stop.abort();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(collection.watched.length).toBe(1);
  });
});

describe('the first list', () => {
  it('that is refused is an error of whoever waits for it', async () => {
    collection.refuseLists = [403];
    await expect(begin()).rejects.toMatchObject({ status: 403, message: 'answer 403' });
    expect(collection.watched).toEqual([]);
  });
  it('is tried again when the server is away', async () => {
    collection.refuseLists = [500, 0];
    collection.items = [object('a', '90')];
    await begin();
    expect(news).toEqual(['set a@90']);
  });
});

it('a watch from now on asks for one object only to learn where the collection stands, and tells none', async () => {
  collection.items = [object('old', '50')];
  await begin({ fromNow: true }, resources.events);
  await streamCount(1);
  expect([collection.listed[0]?.get('limit'), news]).toEqual(['1', []]);
  stream().send({ type: 'ERROR', object: { code: 410 } });
  stream().end();
  await streamCount(2);
  expect(news).toEqual([]);
});
