import { beginning } from '../script/shell.js';

/**
 * Every script begins with it. The first line of the input is the password, or empty; arguments up to `--` are variables of the
 * environment. Input that follows is descriptor 3.
 */
export const preamble = `
umask 077
IFS= read -r password || exit 90
unset PGOPTIONS PGSERVICE PGSERVICEFILE PGHOSTADDR PGPASSWORD PGPASSFILE PGDATESTYLE PGTZ
[ -z "$password" ] || export PGPASSWORD="$password"
export LC_ALL=C PGCLIENTENCODING=UTF8
while [ "$1" != -- ]; do export "$1"; shift; done
shift
${beginning}`;
