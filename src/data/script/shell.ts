/*
 * Parts of the scripts for a place. They run with the sh of Debian (dash) and of busybox, and need no more than its usual programs. Text
 * from outside is never a part of a script: it comes as an argument, or as a line of the input.
 *
 * Each script ends when its input does, which is how it notices that this process is gone: `kubectl exec` ends nothing in the pod.
 */

/** The last line of a script: proof that it came to its end, and with what exit code. */
export const endMark = 'acci-end';

/** Defines `finish`, which ends a script with its exit code and the proof of it. Input that follows the secrets is descriptor 3. */
export const beginning = `
exec 3<&0 </dev/null
finish() { printf '\\n${endMark} %s\\n' "$1"; exit "$1"; }
`;

/** A folder \`$folder\` for named pipes, which are its only content. In a container with a read-only file system, one of these can be written to. */
export const ownFolder = `
folder=
for base in "\${TMPDIR:-/tmp}" /tmp /dev/shm /var/tmp; do folder=$(mktemp -d "$base/acci-XXXXXX" 2>/dev/null) && break; done
[ -d "$folder" ] || { echo "no folder for temporary files: /tmp, /dev/shm and /var/tmp cannot be written to" >&2; finish 91; }
`;

/**
 * Ends these processes and this script when the input ends, or when the script is ended itself. The watcher also works when somebody has
 * killed the script.
 * @param variables of the script, with the ids of its processes
 */
export const endWithInput = (variables: readonly string[]): string => {
  const ids = variables.map((name) => `$${name}`).join(' ');
  return `
( while IFS= read -r line; do :; done; kill -TERM $$ ${ids}; rm -rf "$folder" ) <&3 >/dev/null 2>&1 & watcher=$!
exec 3<&-
trap 'kill -TERM ${ids} $watcher 2>/dev/null; rm -rf "$folder"; exit 143' HUP INT TERM
`;
};

/**
 * Runs \`$program\` with the arguments, and ends it after \`$limit\` seconds where the place has \`timeout\`: should nobody else do so.
 */
export const limited = `
if command -v timeout >/dev/null 2>&1; then set -- timeout "$limit" "$@"; fi
`;
