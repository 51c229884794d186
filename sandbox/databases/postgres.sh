#!/bin/bash
# Starts PostgreSQL as the official image does: the same variables, the same folder of scripts, the same refusals.
set -Eeo pipefail

# NAME, or the content of the file that NAME_FILE names.
setting() {
	local file="$1_FILE" value
	if [ -n "${!1:-}" ] && [ -n "${!file:-}" ]; then
		echo >&2 "error: both $1 and $file are set (but are exclusive)"
		exit 1
	fi
	value=${!1:-$2}
	if [ -n "${!file:-}" ]; then value=$(< "${!file}"); fi
	export "$1=$value"
	unset "$file"
}

verify() {
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
		cat >&2 <<-'EOF'
			Error: Database is uninitialized and superuser password is not specified.
			       You must specify POSTGRES_PASSWORD to a non-empty value for the
			       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".

			       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all
			       connections without a password. This is *not* recommended.
		EOF
		exit 1
	fi
}

run_sql() {
	PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc "$@"
}

run_scripts() {
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
			*.sh)
				echo "$0: running $file"
				if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
			*.sql) echo "$0: running $file"; run_sql --dbname "$POSTGRES_DB" -f "$file" ;;
			*.sql.gz) echo "$0: running $file"; gunzip -c "$file" | run_sql --dbname "$POSTGRES_DB" ;;
			*.sql.xz) echo "$0: running $file"; xzcat "$file" | run_sql --dbname "$POSTGRES_DB" ;;
			*.sql.zst) echo "$0: running $file"; zstd -dc "$file" | run_sql --dbname "$POSTGRES_DB" ;;
			*'/*') ;;
			*) echo "$0: ignoring $file" ;;
		esac
	done
}

initialize() {
	# initdb refuses a file without a line.
	eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS"
	# As in the sample configuration of the official image.
	printf "\nlisten_addresses = '*'\n" >> "$PGDATA/postgresql.conf"
	printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}" >> "$PGDATA/pg_hba.conf"
	export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
	# Only on its socket: nobody outside takes it for the real one.
	PGUSER="$POSTGRES_USER" pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}" -c listen_addresses='' -p "${PGPORT:-5432}")" -w start
	if [ -z "$(run_sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only <<< "SELECT 1 FROM pg_database WHERE datname = :'db';")" ]; then
		run_sql --dbname postgres --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
	fi
	run_scripts
	pg_ctl -D "$PGDATA" -m fast -w stop
	unset PGPASSWORD
	echo
	echo 'PostgreSQL init process complete; ready for start up.'
	echo
}

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "$1" = postgres ]; then
	mkdir -p "$PGDATA" /var/run/postgresql
	chmod 00700 "$PGDATA" || :
	chmod 03775 /var/run/postgresql || :
	if [ "$(id -u)" = 0 ]; then
		chown -R postgres:postgres "$PGDATA" /var/run/postgresql
		exec setpriv --reuid=postgres --regid=postgres --init-groups "$BASH_SOURCE" "$@"
	fi
	if [ -s "$PGDATA/PG_VERSION" ]; then
		echo
		echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
		echo
	else
		setting POSTGRES_PASSWORD ''
		setting POSTGRES_USER postgres
		setting POSTGRES_DB "$POSTGRES_USER"
		setting POSTGRES_INITDB_ARGS ''
		: "${POSTGRES_HOST_AUTH_METHOD:=}"
		verify
		initialize "$@"
	fi
fi
exec "$@"
