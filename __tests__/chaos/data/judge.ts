import { eventually } from '../../e2e/harness/environment.js';
import type { DataCase } from './plan.js';
import { areEqual, notOfOneMoment, type Contents, type Oracle } from './oracle.js';
import { backupsIn, crashesSince, databasesOf, foldersIn, lookAt, restartsOfRedis, sessionsIn, whyAppIsDown, type Look } from './look.js';
import type { DataRun, Played } from './run-case.js';
import type { DataStand } from './stand.js';

/** What is known of a place besides what is there. */
export interface Known {
  readonly oracle: Oracle;
  /** What each backup holds, by `DATABASE/NAME`, as the oracle has restored it. */
  readonly backups: Map<string, Contents>;
  /** Restarts of Redis so far. */
  readonly redisRestarts: number;
}

export interface Moments {
  readonly startedAt: Date;
  readonly before: Look;
}

/** Why a case is wrong; empty when it is right. Nothing that the action says is believed. */
export async function judge(stand: DataStand, given: DataCase, played: Played, known: Known, { startedAt, before }: Moments): Promise<string[]> {
  const wrong: string[] = [];
  await stand.space.rolledOut('StatefulSet', 'postgresql');
  await eventually('PostgreSQL answers', () => stand.ask.sql('SELECT 1').then(() => true, () => false));
  const now = await lookAt(stand);
  wrong.push(...await judgeBackups(stand, given, known, before, now), ...judgeVerdicts(given, played, before, now));
  if (played.runs.some(({ action }) => action === 'restore')) wrong.push(...await judgeLive(stand, given, played, known, before, now));
  else wrong.push(...liveIsUntouched(given, before, now));
  wrong.push(...played.runs.flatMap(({ label, result }) => [
    ...result.signal === undefined && result.leftovers.length > 0 ? [`${label} left processes: ${result.leftovers.join(', ')}`] : [],
    ...result.temporary.filter((name) => name.includes('spool') || (result.signal === undefined && !name.startsWith('deploy-report-'))).map((name) => `${label} left the file ${name}`),
  ]));
  wrong.push(...await judgeRemains(stand, given, played, known, startedAt));
  if (before.uploads.length < now.uploads.length && played.runs.every(({ result }) => result.signal === undefined) && given.fault.type !== 'store') wrong.push(`uploads are unfinished: ${now.uploads.join(', ')}`);
  return wrong;
}

/** Each new backup restores, without the action, to the rows of one moment. */
async function judgeBackups(stand: DataStand, { fault }: DataCase, known: Known, before: Look, now: Look): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, manifest] of Object.entries(now.backups)) {
    if (before.backups[name] !== undefined) continue;
    if (manifest === undefined) {
      wrong.push(`the manifest of ${name} is no JSON`);
      continue;
    }
    try {
      const found = await known.oracle.contentsOf(manifest, (key) => stand.store.read(key));
      known.backups.set(name, found);
      // Of a database that is made for one case, only that it restores is looked at.
      if (manifest.database === 'other') continue;
      // Two at once: a restore may have changed what is backed up meanwhile.
      const bases = manifest.engine === 'redis' ? [before.redis, now.redis] : [before.postgres, now.postgres];
      const differences = bases.map((base) => notOfOneMoment(base, found, fault.type === 'others work'));
      if (differences.every((each) => each.length > 0)) wrong.push(`the backup ${name} does not hold the rows of its moment: ${differences[0]?.join(', ')}`);
    } catch (error) {
      wrong.push(`the backup ${name} does not restore: ${(error as Error).message}`);
    }
  }
  return wrong;
}

/** A backup that is reported is there; a run that reports a failure has left none. */
function judgeVerdicts({ fault, action, engine }: DataCase, { runs, happened }: Played, before: Look, now: Look): string[] {
  const added = Object.keys(now.backups).filter((name) => !(name in before.backups));
  const reported = runs.flatMap(({ result }) => (result.outputs['verdict'] === 'backed-up' ? [`${nameOfDatabase(engine, fault.type)}/${result.outputs['backup']}`] : []));
  const killed = runs.some(({ result }) => result.signal !== undefined || result.outputs['verdict'] === undefined);
  const main = runs[0]?.result.outputs['verdict'];
  const wrong = [
    ...reported.filter((name) => !added.includes(name)).map((name) => `${name} was reported as made, and is not in the store`),
    ...killed ? [] : added.filter((name) => !reported.includes(name)).map((name) => `${name} is in the store, and no run says that it has made it`),
  ];
  if (happened && mustFail(fault, action) && ['backed-up', 'restored'].includes(main ?? '')) wrong.push(`it ended with ${main}, and cannot have succeeded`);
  if (mustSucceed(fault) && !['backed-up', 'restored'].includes(main ?? '')) wrong.push(`it ended with ${main ?? 'nothing'} (${runs[0]?.result.outputs['cause']}), and nothing was in its way`);
  return wrong;
}

const nameOfDatabase = (engine: DataCase['engine'], fault: string): string => (engine === 'redis' ? 'sessions' : fault === 'wrong database' ? 'other' : 'main');

/** Those that a run gets over: what others do, and a store that fails once or twice. */
function mustSucceed(fault: DataCase['fault']): boolean {
  if (fault.type === 'store') return fault.times <= 2 && ['500', '503', 'slow', 'answer lost'].includes(fault.trouble);
  return fault.type === 'none' || (fault.type === 'others work' && fault.what === 'writes');
}

function mustFail(fault: DataCase['fault'], action: DataCase['action']): boolean {
  switch (fault.type) {
    case 'wrong key': return true;
    case 'wrong database': return fault.which !== 'dropped';
    case 'store': return fault.times === 1000 && ['500', '503', '403'].includes(fault.trouble) && (action === 'backup' ? fault.request !== 'looked up' : true);
    default: return false;
  }
}

/** Nothing but a restore changes the data. Others have written meanwhile where that is the case. */
function liveIsUntouched({ fault }: DataCase, before: Look, now: Look): string[] {
  const changed = notOfOneMoment(before.postgres, now.postgres, fault.type === 'others work');
  return [
    ...changed.map((each) => `the live data was changed: ${each}`), ...areEqual(before.redis, now.redis) ? [] : ['the live data of Redis was changed'],
    ...now.databases.filter((name) => !before.databases.includes(name)).map((name) => `database ${name} was left`),
  ];
}

/** The live data is all of the old or all of a backup, and then the old is kept. */
async function judgeLive(stand: DataStand, given: DataCase, { runs }: Played, known: Known, before: Look, now: Look): Promise<string[]> {
  const isRedis = given.engine === 'redis';
  const [old, live] = isRedis ? [before.redis, now.redis] : [before.postgres, now.postgres];
  const restores = runs.filter(({ action }) => action === 'restore');
  const done = restores.filter(({ result }) => result.outputs['verdict'] === 'restored');
  const failed = restores.filter(({ result }) => result.outputs['verdict'] === 'failed');
  if (areEqual(old, live)) return done.length > 0 ? ['a restore reported success, and the live data is the old one'] : [];
  const from = [...known.backups].filter(([name, contents]) => name.startsWith(isRedis ? 'sessions/' : 'main/') && areEqual(contents, live)).map(([name]) => name);
  const wrong = from.length === 0 ? [`the live data is neither the old one nor that of a backup: ${notOfOneMoment(old, live, false).join(', ')}`] : [];
  if (failed.length === restores.length) wrong.push('a restore reported failure, and the live data is not the old one');
  const claimed = done.flatMap(({ result }) => result.report?.data?.restores?.map(({ backup }: { backup: string }) => backup) ?? []) as string[];
  if (from.length > 0 && claimed.length === 1 && !from.some((name) => name.endsWith(claimed[0] ?? ''))) wrong.push(`the live data is that of ${from.join(', ')}, and the run says ${claimed[0]}`);
  if (!(await isOldKept(stand, isRedis, old))) wrong.push('the old data is not kept anywhere');
  return wrong;
}

async function isOldKept(stand: DataStand, isRedis: boolean, old: Contents): Promise<boolean> {
  if (isRedis) {
    for (let database = 15; database >= 12; database -= 1) {
      const { 'acci-deploy:restore': _, ...kept } = await stand.ask.contentsOfRedis(database);
      if (areEqual(old, kept)) return true;
    }
    return false;
  }
  for (const name of (await databasesOf(stand)).filter((each) => each.includes('_pre_restore_'))) if (areEqual(old, await stand.ask.contents(name))) return true;
  return false;
}

/** Sessions, folders and crashes: within a minute after a run, whatever ended it, nothing of it is left in the servers. */
async function judgeRemains(stand: DataStand, { fault }: DataCase, _: Played, known: Known, startedAt: Date): Promise<string[]> {
  const wrong: string[] = [];
  const gone = async (what: string, look: () => Promise<string>): Promise<void> => {
    let last = '';
    await eventually(what, async () => (last = await look()) === '', 60_000).catch(() => wrong.push(`${what}: ${last}`));
  };
  await gone('sessions are left', () => sessionsIn(stand));
  await gone('folders of scripts are left', () => foldersIn(stand));
  const crashes = fault.type === 'server crashed' || fault.type === 'pod deleted' ? '' : await crashesSince(stand, startedAt);
  if (crashes !== '') wrong.push(`the server restarted its processes: ${crashes}`);
  if (await restartsOfRedis(stand) > known.redisRestarts) wrong.push('Redis was restarted');
  return wrong;
}

/** The next run succeeds, the app runs, and nothing of an interrupted restore is left. */
export async function judgeNext(stand: DataStand, given: DataCase, { action, result }: DataRun, known: Known): Promise<string[]> {
  const verdict = result.outputs['verdict'];
  const wanted = action === 'restore' ? 'restored' : 'backed-up';
  const down = await eventually('the app runs', async () => (await whyAppIsDown(stand)) === undefined, 60_000).then(() => undefined, () => whyAppIsDown(stand));
  const left = (await databasesOf(stand)).filter((name) => name.includes('_restore_') && !name.includes('_pre_restore_'));
  const wrong = [
    ...verdict === wanted ? [] : [`the next run ended with ${verdict} (${result.outputs['cause']})`], ...down === undefined ? [] : [`after the next run, ${down}`],
    ...action === 'restore' && left.length > 0 && given.engine === 'postgres' ? [`after the next run, ${left.join(', ')} is left`] : [],
  ];
  if (verdict !== 'backed-up') return wrong;
  const name = `${given.engine === 'redis' ? 'sessions' : 'main'}/${result.outputs['backup']}`;
  const manifest = (await backupsIn(stand))[name];
  if (!manifest) return [...wrong, `after the next run, ${name} is not in the store`];
  const found = await known.oracle.contentsOf(manifest, (key) => stand.store.read(key));
  known.backups.set(name, found);
  const live = given.engine === 'redis' ? await stand.ask.contentsOfRedis() : await stand.ask.contents();
  return areEqual(live, found) ? wrong : [...wrong, `the backup of the next run does not hold the live rows: ${notOfOneMoment(live, found, false).join(', ')}`];
}
