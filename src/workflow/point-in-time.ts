import type { OpenedDatabase } from '../data/opened.js';
import type { PointInTimeResult } from '../outcome/data.js';
import { messageOf } from '../outcome/wording.js';
import type { Stage } from './stage.js';

export interface LookingAt {
  readonly opened: OpenedDatabase;
  readonly wish: 'auto' | 'trigger';
  readonly signal: AbortSignal;
  /** What is found is added to these. */
  readonly windows: PointInTimeResult[];
  readonly warnings: string[];
}

/** Looks at the tool that archives the WAL of a database. The backup is complete by then, and does not fail if this does: it is a warning. */
export function pointInTimeStage({ opened: { config: { name }, database }, wish, signal, windows, warnings }: LookingAt): readonly Stage[] {
  const { pointInTime } = database;
  if (!pointInTime) return [];
  const more = wish === 'trigger' ? ', after it has made a backup' : '';
  return [{
    name: 'backup', label: `point in time ${name}`, of: name,
    steps: [{ stage: 'backup', title: `ask the tool that archives the WAL of \`${name}\`, if there is one, to which moments it can recover${more}`, commands: [] }],
    run: async () => {
      try {
        const { warnings: found, isTriggered = false, ...window } = await pointInTime({ trigger: wish === 'trigger' }, signal);
        windows.push({ database: name, isTriggered, ...window });
        warnings.push(...found.map((warning) => `${name}: ${warning}`));
      } catch (error) {
        signal.throwIfAborted();
        windows.push({ database: name, isTriggered: false, reason: 'the server could not be queried' });
        warnings.push(`${name}: ${messageOf(error)}`);
      }
    },
  }];
}
