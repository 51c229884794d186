import { build } from './causes/build.js';
import { checks } from './causes/checks.js';
import { command } from './causes/command.js';
import { data } from './causes/data.js';
import type { CauseEntry, CauseTable } from './causes/entry.js';
import { kubernetes } from './causes/kubernetes.js';
import { pods } from './causes/pods.js';
import { policy } from './causes/policy.js';
import { runner } from './causes/runner.js';
import { runs } from './causes/runs.js';
import { settings } from './causes/settings.js';

/**
 * Every cause of failure, by the headings of the documentation. A new kind of target adds a table of its own.
 * `docs/causes.md` and the schema of the report are generated from this list.
 */
export const causeRooms = {
  'Settings': settings,
  'Other runs, freezes and the record': runs,
  'Policy': policy,
  'The runner': runner,
  'Tests, build and push': build,
  'The cluster': kubernetes,
  'New pods': pods,
  'Commands': command,
  'Checks': checks,
  'Databases': data,
} as const satisfies Record<string, CauseTable>;

type Rooms = typeof causeRooms;
export type Cause = { readonly [Room in keyof Rooms]: keyof Rooms[Room] }[keyof Rooms];
export const causes = Object.fromEntries(Object.values(causeRooms).flatMap((room) => Object.entries(room))) as Readonly<Record<Cause, CauseEntry>>;

/** The time of the table for which a symptom of this cause must last, in ms; 0: it is certain at once. */
export function patienceMs(cause: Cause, which: 'usual' | 'longer' | 'longest' = 'usual'): number {
  const entry: CauseEntry = causes[cause];
  return 1000 * ((which === 'usual' ? undefined : entry[which]?.seconds) ?? entry.patienceSeconds ?? 0);
}
