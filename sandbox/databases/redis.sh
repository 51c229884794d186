#!/bin/sh
# Starts Redis as the official image does: options alone mean redis-server, which does not run as root, and which is
# reachable from other pods also without a password.
set -e
case ${1:-} in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "${1:-}" = redis-server ]; then
	if [ "$(id -u)" = 0 ]; then
		find . \! -user redis -exec chown redis '{}' +
		exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
	fi
	umask 0077
	shift
	case ${1:-} in
		*.conf) file=$1; shift; set -- "$file" --protected-mode no "$@" ;;
		*) set -- --protected-mode no "$@" ;;
	esac
	exec redis-server "$@"
fi
exec "$@"
