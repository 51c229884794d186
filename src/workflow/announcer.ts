import type { Announce, Follower, Listener, RunEvent } from '../outcome/events.js';
import { messageOf } from '../outcome/wording.js';
import type { Ports } from '../ports/ports.js';
import { unlessAborted, within } from '../ports/within.js';

/** How long a listener may take for one event, and how long the end of a run waits for all of them. */
const [eventMs, endMs, cancelledMs] = [10_000, 10_000, 1000];

export interface Announcer {
  readonly announce: Announce;
  /** Adds listeners, which hear the events from now on. */
  follow(followers: readonly Follower[]): void;
  /** Waits until every listener has heard everything: 10 s at most, and 1 s in a run that was cancelled, as that is killed soon. */
  close(): Promise<void>;
}

type World = Pick<Ports, 'clock' | 'log' | 'cancelled'>;

/** Hands the events of a run to its listeners, to each of them in order and one at a time. */
export function createAnnouncer(world: World, listeners: readonly Listener[]): Announcer {
  const over = new AbortController();
  const queues = listeners.map((listener) => createQueue(world, listener, over.signal));
  return {
    announce: (event) => { for (const queue of queues) queue.add(event); },
    follow: (followers) => { queues.push(...followers.map((follower) => createQueue(world, whenLoaded(follower), over.signal))); },
    close: async () => {
      const ms = world.cancelled.aborted ? cancelledMs : endMs;
      const late = (): Error => new Error(`it did not finish within ${ms / 1000} s after the run`);
      await within(world.clock, { ms, late }, async (signal) => {
        signal.addEventListener('abort', () => { over.abort(signal.reason); }, { once: true });
        await Promise.all(queues.map((queue) => queue.empty()));
      });
    },
  };
}

function whenLoaded({ name, load }: Follower): Listener {
  let loading: Promise<Listener> | undefined;
  return {
    name,
    hear: async (event, signal) => {
      loading ??= load();
      const listener = await loading;
      await listener.hear(event, signal);
    },
  };
}

interface Queue {
  add(event: RunEvent): void;
  empty(): Promise<void>;
}

/** A listener that answers at once has heard an event when `add` returns, so what it prints stands where it belongs. */
function createQueue({ clock, log }: World, listener: Listener, over: AbortSignal): Queue {
  const waiting: RunEvent[] = [];
  let work: Promise<void> | undefined;
  let failed = false;
  const warn = (thrown: unknown): void => {
    if (!failed) log.warning(`${listener.name} failed: ${messageOf(thrown)}. The run is not affected.`);
    failed = true;
  };
  const limit = { ms: eventMs, late: () => new Error(`it took more than ${eventMs / 1000} s`), signal: over };
  const hear = (event: RunEvent): Promise<void> | undefined => {
    const ended = new AbortController();
    try {
      const answer = listener.hear(event, ended.signal);
      return answer instanceof Promise ? within(clock, limit, (signal) => {
        signal.addEventListener('abort', () => { ended.abort(signal.reason); }, { once: true });
        return unlessAborted(answer, signal);
      }).catch(warn) : undefined;
    } catch (thrown) {
      warn(thrown);
      return undefined;
    }
  };
  const hearAll = (): Promise<void> | undefined => {
    for (let event = waiting.shift(); event && !over.aborted; event = waiting.shift()) {
      const answer = hear(event);
      if (answer) return answer.then(hearAll);
    }
    work = undefined;
    return undefined;
  };
  return {
    add: (event) => {
      waiting.push(event);
      if (!work) work = hearAll();
    },
    empty: async () => { await work; },
  };
}
