import { pause } from '../../e2e/harness/environment.js';
import { runAction, type ActionResult, type ActionRun } from '../../e2e/harness/run-action.js';
import { withSettings } from '../../e2e/harness/workspace.js';
import type { Action } from './fault.js';
import { interfere } from './interfere.js';
import type { DataCase } from './plan.js';
import { settingsOf, type DataStand } from './stand.js';

export interface DataRun {
  readonly label: string;
  readonly action: Action;
  readonly result: ActionResult;
}

/** What a case was, once it is over and its fault is taken back. */
export interface Played {
  readonly runs: readonly DataRun[];
  readonly happened: boolean;
}

interface Start {
  readonly action: Action;
  readonly of: Pick<DataCase, 'engine' | 'verify' | 'hasPost'>;
  readonly backup?: string;
  readonly run?: Partial<ActionRun>;
  readonly database?: string;
  readonly endpoint?: string;
}

/** Runs the action once. */
function start(stand: DataStand, { action, of, backup = 'latest', run = {}, database, endpoint = stand.store.endpoint }: Start): Promise<ActionResult> {
  const { space, store, keys } = stand;
  const restores = {
    backup: {}, drill: { into: 'scratch', backup },
    restore: { backup, confirm: of.engine === 'redis' ? '0' : 'acci', workloads: 'deployment/web', smoke: 'service/web/ -> 200' },
  };
  const settings = settingsOf(stand, { engine: of.engine, verify: of.verify, endpoint, ...database !== undefined && { database } });
  return withSettings(settings, (workspace) => runAction({
    action: action === 'backup' ? 'backup' : 'restore', workspace, withoutPost: !of.hasPost, withinMs: 300_000, ...run,
    inputs: { kubeconfig: space.kubeconfig, namespace: space.name, ...restores[action] },
    env: { ACCESS_KEY: store.accessKey, SECRET_KEY: store.secretKey, IDENTITY: keys.identity, SIGNING: keys.signing, ...run.env },
  }));
}

/** The next run, without any fault: it has to succeed whatever the one before has left. */
export const nextRun = async (stand: DataStand, { action, engine, verify }: DataCase): Promise<DataRun> => {
  const after = action === 'restore' ? 'restore' : 'backup';
  return { label: 'next', action: after, result: await start(stand, { action: after, of: { engine, verify, hasPost: true } }) };
};

/** The first backup of a place. */
export const firstBackup = (stand: DataStand, engine: DataCase['engine']): Promise<ActionResult> => start(stand, { action: 'backup', of: { engine, verify: 'restore', hasPost: true } });

/** @param named the backup that is meant, `main/NAME` */
export async function playDataCase(stand: DataStand, given: DataCase, named: string | undefined): Promise<Played> {
  const fault = await interfere(stand, given, named);
  const backup = given.isNamed ? named?.split('/')[1] : undefined;
  try {
    const { run, database } = fault;
    const more = { ...backup !== undefined && { backup }, ...database !== undefined && { database } };
    const main = start(stand, { action: given.action, of: given, run, endpoint: stand.proxy.endpoint, ...more });
    const runs = [main.then((result): DataRun => ({ label: 'run', action: given.action, result }))];
    if (given.fault.type === 'two at once') {
      const { other, afterMs } = given.fault;
      runs.push(pause(afterMs).then(() => start(stand, { action: other, of: { ...given, hasPost: true } })).then((result) => ({ label: 'other', action: other, result })));
    }
    const ended = await Promise.allSettled(runs);
    return { runs: ended.map((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    }), happened: fault.happened() };
  } finally {
    await fault.end();
  }
}
