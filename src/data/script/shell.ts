/*
 * Parts of the scripts for a place. They run with the sh of Debian (dash) and of busybox, and need no more than its usual programs. Text
 * from outside is never a part of a script: it comes as an argument, or as a line of the input.
 *
 * Each script ends when its input does, which is how it notices that this process is gone: `kubectl exec` ends nothing in the pod.
 *
 * A process whose parent is gone becomes a child of process 1, which in the usual images is the postmaster. Up to PostgreSQL 16 it takes an
 * unknown child that ends by a signal, or with an exit code other than 0 and 1, for a crash of a server process, and restarts all of them
 * (CleanupBackend in https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/postmaster/postmaster.c). So a script waits for
 * each of its processes before it ends; and should somebody kill the script itself, each program still has a shell as its parent that
 * waits for it and exits with 0.
 */

/** The last line of a script: proof that it came to its end, and with what exit code. */
export const endMark = 'acci-end';

/**
 * Input that follows the secrets is descriptor 3. Defines two functions that end a script with its exit code and the proof of it: `finish`,
 * and `finish_reading` for a script that gets data. Its program may stop before it has read all of them, and `kubectl exec` can hang if
 * the rest of its input is never read (seen with 1.34); so the rest is read, and whoever sends it stops when he sees the proof.
 */
export const beginning = `
exec 3<&0 </dev/null
finish() { printf '\\n${endMark} %s\\n' "$1"; exit "$1"; }
finish_reading() { printf '\\n${endMark} %s\\n' "$1"; cat <&3 >/dev/null; exit "$1"; }
`;

/**
 * A folder for named pipes, and for what is known of each program: in a container with a read-only file system, one of these can be
 * written to. Then functions:
 *
 * - `run NAME INPUT OUTPUT PROGRAM ARGUMENT…` starts a program; `-` is the output of the script, 3 its input. Its exit code will be in
 *   `$folder/NAME.code`.
 * - `watch OUTPUT`, once all programs are started, passes on the input (by tee: the cat of busybox uses sendfile, and while that waits for
 *   a socket, nobody can read from the pipe that it writes to). At its end it ends them: by INT, which makes psql cancel its
 *   statement, then by TERM, at last by KILL.
 * - `wait_for_all` waits for all of them. If the input has ended before, so does the script.
 */
export const programs = `
folder=
for base in "\${TMPDIR:-/tmp}" /tmp /dev/shm /var/tmp; do folder=$(mktemp -d "$base/acci-XXXXXX" 2>/dev/null) && break; done
[ -d "$folder" ] || { echo "no folder for temporary files: /tmp, /dev/shm and /var/tmp cannot be written to" >&2; finish 91; }
names=; shells=
run() {
  name=$1 input=$2 output=$3; shift 3
  (
    sh -c 'echo $$ >"$1"
      case $2 in -) ;; 3) exec <&3 ;; *) exec <"$2" ;; esac
      case $3 in -) ;; *) exec >"$3" ;; esac
      exec 3<&-; shift 3; exec "$@"' sh "$folder/$name.id" "$input" "$output" "$@"
    code=$?; rm -f "$folder/$name.id"; echo "$code" >"$folder/$name.code"; exit 0
  ) &
  shell=$!
  [ "$name" = input ] || { names="$names $name"; shells="$shells $shell"; }
}
signal() { [ ! -f "$folder/$1.code" ] && read -r id <"$folder/$1.id" && kill "-$2" "$id"; } 2>/dev/null
ended() { for each in $names; do [ -f "$folder/$each.code" ] || return 1; done; }
stop() {
  ended && return
  : >"$folder/gone"; kind=INT; tries=0
  until ended || [ "$tries" = 100 ]; do
    for each in $names; do signal "$each" "$kind"; done
    kind=TERM; tries=$((tries + 1)); [ "$tries" -lt 50 ] || kind=KILL
    sleep 0.1 || sleep 1
  done
  kill -0 $$ || rm -rf "$folder"
}
watch() {
  ( run input 3 "$1" tee; wait "$shell"; stop; exit 0 ) >/dev/null 2>&1 &
  watcher=$!
  exec 3<&-
  trap 'wait; rm -rf "$folder"; exit 143' HUP INT TERM
}
wait_for_all() {
  wait $shells
  until [ -f "$folder/input.code" ]; do signal input TERM; done
  wait "$watcher"
  if [ -f "$folder/gone" ]; then rm -rf "$folder"; exit 143; fi
}
`;

/** Runs one program with the arguments as \`program\` until it ends, or the input does. The script goes on with its exit code. */
export const runOne = `
run program /dev/null - "$@"
watch /dev/null
wait_for_all
read -r code <"$folder/program.code"
rm -rf "$folder"
`;

/** Ends what the arguments start after \`$limit\` seconds, where the place has \`timeout\`: should nobody else do so. */
export const limited = `
if command -v timeout >/dev/null 2>&1; then set -- timeout "$limit" "$@"; fi
`;
