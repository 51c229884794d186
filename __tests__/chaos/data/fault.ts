import type { Choices } from '../random.js';

/** When something happens in a run: so many ms after a line of its log, or as a request to the store arrives. */
export type Moment =
  | { readonly after: string; readonly ms: number }
  | { readonly request: StoreRequest };

/** A kind of requests to the store. */
export type StoreRequest = 'dump stored' | 'manifest stored' | 'read' | 'looked up' | 'listed' | 'any';

const storeTroubles = ['500', '503', '403', 'slow', 'upload reset', 'answer reset', 'answer lost', 'other bytes stored'] as const;
export type StoreTrouble = (typeof storeTroubles)[number];

/** What goes wrong in a case. */
export type Fault =
  | { readonly type: 'none' }
  | { readonly type: 'killed' | 'killed alone' | 'cancelled' | 'exec cut' | 'server crashed' | 'pod deleted'; readonly at: Moment }
  | { readonly type: 'disk full'; readonly kilobytes: number }
  | { readonly type: 'store'; readonly trouble: StoreTrouble; readonly request: StoreRequest; readonly times: number }
  | { readonly type: 'wrong key' }
  | { readonly type: 'bit flipped' | 'object missing' | 'object cut'; readonly object: StoredPart; /** Where in it, 0 to 1. */ readonly place: number }
  | { readonly type: 'wrong database'; readonly which: 'empty' | 'absent' | 'dropped'; readonly at: Moment }
  | { readonly type: 'others work'; readonly what: 'writes' | 'definitions' | 'both' }
  | { readonly type: 'clock'; readonly byMs: number; readonly afterMs: number }
  | { readonly type: 'two at once'; readonly other: Action; readonly afterMs: number };

export type StoredPart = 'dump' | 'manifest' | 'text';
export type Action = 'backup' | 'drill' | 'restore';
export type EngineName = 'postgres' | 'redis';

/** Lines that the log has, and how long about it takes to the next one, ms. */
const lines: Readonly<Record<Action, readonly (readonly [line: string, ms: number])[]>> = {
  backup: [['::add-mask::', 900], ['✓ preflight', 900], ['✓ dump', 5000], ['✓ verify', 300], ['✓ store', 20]],
  drill: [['::add-mask::', 1000], ['✓ preflight', 120], ['✓ download', 5000], ['✓ restore into', 60]],
  restore: [
    ['::add-mask::', 1300], ['✓ preflight', 120], ['✓ download', 1600], ['✓ restore beside', 60], ['is stopped', 3200], ['is stopped', 3200], ['is stopped', 3200],
    ['has the data of the backup', 40], ['is started again', 1000], ['✓ exchange', 300],
  ],
};

const requestsOf: Readonly<Record<Action, readonly StoreRequest[]>> = {
  backup: ['dump stored', 'manifest stored', 'read', 'looked up', 'listed', 'any'], drill: ['read', 'listed', 'any'], restore: ['read', 'listed', 'any'],
};

function chooseMoment(chosen: Choices, action: Action): Moment {
  if (chosen.chance(0.25)) return { request: chosen.pick(requestsOf[action]) };
  const [after, ms] = chosen.pick(lines[action]);
  return { after, ms: chosen.whole(0, ms) };
}

export function chooseFault(chosen: Choices, action: Action, engine: EngineName): Fault {
  const at = (): Moment => chooseMoment(chosen, action);
  const faults: readonly (readonly [weight: number, make: () => Fault, when?: boolean])[] = [
    [2, () => ({ type: 'none' })],
    [6, () => ({ type: 'killed', at: at() })],
    [2, () => ({ type: 'killed alone', at: at() })],
    [3, () => ({ type: 'cancelled', at: at() })],
    [4, () => ({ type: 'exec cut', at: at() })],
    [2, () => ({ type: 'server crashed', at: at() }), engine === 'postgres'],
    [2, () => ({ type: 'pod deleted', at: at() }), engine === 'postgres'],
    [1, () => ({ type: 'disk full', kilobytes: chosen.whole(4, 16) * 4 })],
    [7, () => ({ type: 'store', trouble: chosen.pick(storeTroubles), request: chosen.pick(requestsOf[action]), times: chosen.pick([1, 2, 1000]) })],
    [2, () => ({ type: 'wrong key' }), action !== 'backup'],
    [2, () => ({ type: 'bit flipped', object: chosen.pick(['dump', 'dump', 'manifest', 'text'] as const), place: chosen.whole(0, 999) / 1000 })],
    [1.5, () => ({ type: 'object missing', object: chosen.pick(['dump', 'manifest', 'text'] as const), place: 0 })],
    [1, () => ({ type: 'object cut', object: chosen.pick(['dump', 'manifest', 'text'] as const), place: chosen.pick([0, 0.01, 0.5, 0.999]) })],
    [2, () => ({ type: 'wrong database', which: chosen.pick(['empty', 'absent', 'dropped', 'dropped'] as const), at: at() }), action === 'backup' && engine === 'postgres'],
    [3, () => ({ type: 'others work', what: chosen.pick(['writes', 'definitions', 'both'] as const) }), action !== 'restore' && engine === 'postgres'],
    [1.5, () => ({ type: 'clock', byMs: chosen.pick([-172_800_000, -1_200_000, 240_000, 1_200_000, 172_800_000]), afterMs: chosen.pick([0, 0, 2000]) })],
    [2, () => ({ type: 'two at once', other: chosen.pick(['backup', 'backup', 'restore', 'drill'] as const), afterMs: chosen.whole(0, 3000) })],
  ];
  return chosen.weighted(faults.filter(([, , when = true]) => when).map(([weight, make]) => [weight, make] as const))();
}

/** One word or two, to count by. */
export const kindOfFault = (fault: Fault): string => {
  switch (fault.type) {
    case 'store': return `store: ${fault.trouble}`;
    case 'wrong database': return `${fault.which} database`;
    case 'others work': return `others: ${fault.what}`;
    case 'two at once': return `two at once`;
    default: return fault.type;
  }
};

const describeMoment = (at: Moment): string => ('request' in at ? `request ${at.request}` : `${at.after}+${at.ms}ms`);

export function describeDataFault(fault: Fault): string {
  const kind = kindOfFault(fault);
  switch (fault.type) {
    case 'none': case 'wrong key': return kind;
    case 'disk full': return `${kind} (${fault.kilobytes} kB)`;
    case 'store': return `${kind} (${fault.request}, ${fault.times === 1000 ? 'always' : `${fault.times} times`})`;
    case 'bit flipped': case 'object missing': case 'object cut': return `${kind} (${fault.object} at ${fault.place})`;
    case 'others work': return kind;
    case 'clock': return `${kind} ${fault.byMs / 60_000} min after ${fault.afterMs} ms`;
    case 'two at once': return `${kind} (${fault.other} after ${fault.afterMs} ms)`;
    default: return `${kind} at ${describeMoment(fault.at)}`;
  }
}
