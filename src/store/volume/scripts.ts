/*
 * Scripts for the pod that mounts a volume. They run with the sh of Debian (dash) and of busybox, and need no more than their usual
 * programs. $1 is the folder of the store, $2 a name in it.
 */

/** The last line of a script: proof that it came to its end, and with what exit code. */
export const endMark = 'acci-end';

/** What the exit codes of the scripts mean, besides those of programs. */
export const codes = { missing: 40, exists: 41, changed: 42 } as const;

const beginning = `
exec 3<&0 </dev/null
umask 077
finish() { printf '\\n${endMark} %s\\n' "$1"; exit "$1"; }
path=$1/$2
`;

/**
 * Writes its input to a new file: $3 bytes with the SHA-256 $4. It is written under another name, $5, compared as it was written, and
 * gets its own name when it is on the disk. An input that ends too early leaves nothing, so the end of the connection does neither.
 * A link replaces nothing; some file systems have no links.
 */
export const putScript = `${beginning}
folder=\${path%/*}; part=$folder/$5
mkdir -p "$folder" || finish 1
[ ! -e "$path" ] || finish ${codes.exists}
trap 'rm -f "$part"; exit 143' HUP INT TERM
cat <&3 >"$part" || { rm -f "$part"; finish 1; }
sync "$part" 2>/dev/null || sync
sum=$(sha256sum <"$part")
[ "$(stat -c %s "$part")" = "$3" ] && [ "\${sum%% *}" = "$4" ] || { rm -f "$part"; finish ${codes.changed}; }
if ln "$part" "$path" 2>/dev/null; then rm -f "$part"
elif [ -e "$path" ]; then rm -f "$part"; finish ${codes.exists}
else
  mv -n "$part" "$path" || { rm -f "$part"; finish 1; }
  [ ! -e "$part" ] || { rm -f "$part"; finish ${codes.exists}; }
fi
sync "$folder" 2>/dev/null || sync
stat -c '%s %Y' "$path"
finish 0
`;

/** Whether a file is the one with $3 bytes and the SHA-256 $4. */
export const compareScript = `${beginning}
sum=$(sha256sum <"$path")
[ "$(stat -c %s "$path")" = "$3" ] && [ "\${sum%% *}" = "$4" ] || finish ${codes.changed}
stat -c '%s %Y' "$path"
finish 0
`;

/** Bytes, time and number of a file as one line, and then its bytes from the $3rd on, counted from 1. */
export const getScript = `${beginning}
[ -f "$path" ] || finish ${codes.missing}
stat -c '%s %Y %i' "$path" || finish 1
tail -c "+$3" "$path"
finish "$?"
`;

export const headScript = `${beginning}
[ -f "$path" ] || finish ${codes.missing}
stat -c '%s %Y' "$path"
finish "$?"
`;

/** Bytes, time and path of each file, none of them through a link. A file system of Linux has a folder of its own. */
export const listScript = `${beginning}
cd "$1" 2>/dev/null || finish 0
find . -name lost+found -prune -o -type f -exec stat -c '%s %Y %n' {} +
finish "$?"
`;

/** Also removes the folders that are empty then. */
export const removeScript = `${beginning}
cd "$1" 2>/dev/null || finish 0
rm -f -- "./$2" || finish 1
rmdir -p -- "./\${2%/*}" 2>/dev/null
finish 0
`;

/** The line of df for the file system of the folder $1, sizes in KiB. */
export const freeScript = `${beginning}
df -P -k "$1" | tail -n 1
finish 0
`;
