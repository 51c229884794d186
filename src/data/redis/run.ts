import type { DataContext, Login } from '../engine.js';
import type { Place } from '../place.js';
import type { Shell } from '../script/run.js';
import { beginning } from '../script/shell.js';
import { explain } from './explain.js';
import { connectionArgs } from './login.js';

/** A server, as scripts reach it. */
export interface At {
  readonly context: DataContext;
  readonly place: Place;
  readonly login: Login;
}

/**
 * Every script begins with it. The first line of the input is the password, or empty; input that follows is descriptor 3. Arguments are
 * those of the script, and then those of redis-cli for the connection.
 */
const preamble = `
umask 077
IFS= read -r password || exit 90
unset REDISCLI_AUTH
[ -z "$password" ] || export REDISCLI_AUTH="$password"
export LC_ALL=C REDISCLI_HISTFILE=/dev/null REDISCLI_RCFILE=/dev/null
${beginning}`;

export const shellOf = ({ context, place, login }: At): Shell => ({
  context, place,
  start: (script, args, signal) => place.start(preamble + script, { args: [...args, ...connectionArgs(login)], secrets: [login.password ?? ''], signal }),
  explain: (stderr) => explain(stderr, { failure: context.failure, place, login }),
});
