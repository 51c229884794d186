import type { Emission } from '../config/emission.js';
import type { ParsedConfig } from '../config/parse.js';
import { databaseLockName } from '../kubernetes/store/lease.js';
import { nameFor, type CronJobWish } from './cronjob.js';

/** The usual variables of AWS, where the settings name no others. A role of the cloud can take their place. */
const usualKeys = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].map((name) => ({ name, isNeeded: false }));

/** What a CronJob is made of, from the settings of a backup. @param settings the text of those that it gets */
export function cronJobWish({ config, given, variables }: ParsedConfig, { secret, ...emission }: Emission, settings: string): CronJobWish {
  const { app, environment, backup, cluster: { namespace } } = config;
  if (!backup) throw new Error('a backup without settings for it');
  const { databases = {}, database } = given;
  const inPods = Object.entries(databases).filter(([name, { pod, cache }]) => pod !== undefined && !cache && (database?.includes(name) ?? true));
  const takesUsualKeys = backup.store.to.kind === 's3' && given.backup?.['access-key'] === undefined;
  const all = [...variables, ...takesUsualKeys ? usualKeys : []];
  return {
    ...emission, app, settings, databases: database ?? [], timeoutMs: backup.timeoutMs, secret: secret ?? nameFor(app),
    ...environment !== undefined && { environment }, ...namespace !== undefined && { namespace },
    variables: all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index),
    rights: {
      usesPods: inPods.length > 0, locks: inPods.map(([name]) => databaseLockName(app, name)), usesScratch: inPods.length > 0 && backup.verify === 'restore',
      secrets: [...new Set(inPods.flatMap(([, { password }]) => (password?.from === 'secret' ? [password.secret] : [])))],
      ...backup.store.to.kind === 'volume' && { claim: backup.store.to.claim },
    },
  };
}
