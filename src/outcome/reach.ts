/**
 * How far a program that makes a change had come when it failed, whichever program it is. `not-begun`: the change was not
 * sent, so nothing can have changed and anything may be tried again. `refused`: it was sent and answered with no.
 * `unknown`: it was sent, and no answer says what became of it, so only what is safe to be done twice may be repeated.
 */
export type Reach = 'not-begun' | 'refused' | 'unknown';

const sentences: Readonly<Record<Reach, string>> = {
  'not-begun': 'could not start its change, so it changed nothing',
  'refused': 'was refused',
  'unknown': 'got no answer to its change, which may have been made',
};

/** `kubectl set image was refused: deployments.apps "api" is forbidden: …` */
export const describeReach = (command: string, reach: Reach, words: string): string => `${command} ${sentences[reach]}: ${words || 'it gave no reason'}`;
