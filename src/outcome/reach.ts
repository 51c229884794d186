/**
 * How far a program that makes a change got before it failed. `not-begun`: the change was not sent, so nothing can have
 * changed and it is safe to try again. `refused`: it was sent and rejected. `unknown`: it was sent and not answered, so only
 * what is safe to do twice may be repeated.
 */
export type Reach = 'not-begun' | 'refused' | 'unknown';

const sentences: Readonly<Record<Reach, string>> = {
  'not-begun': 'failed before it changed anything',
  'refused': 'was refused',
  'unknown': 'got no answer, so its change may have been made',
};

/** `kubectl set image was refused: deployments.apps "api" is forbidden: …` */
export const describeReach = (command: string, reach: Reach, words: string): string => `${command} ${sentences[reach]}: ${words || 'it gave no reason'}`;
