// Finds the process that listens on a port in /proc, to name it instead of "address already in use".
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The inode of the socket that listens on a port. @param {number} port */
function socketOn(port) {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let lines;
    try {
      lines = readFileSync(table, 'utf8').split('\n').slice(1);
    } catch {
      continue;
    }
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      // State 0A is LISTEN.
      if (fields[1]?.endsWith(wanted) && fields[3] === '0A') return fields[9];
    }
  }
  return undefined;
}

/** @param {string} inode */
function ownerOf(inode) {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const holds = readdirSync(`/proc/${entry}/fd`).some(
        (fd) => readlinkSync(`/proc/${entry}/fd/${fd}`) === `socket:[${inode}]`,
      );
      if (holds) return Number(entry);
    } catch {
      // It ended while being looked at.
    }
  }
  return undefined;
}

/** @param {number} port @returns {{ pid?: number, command: string } | undefined} */
export function listenerOn(port) {
  const inode = socketOn(port);
  if (!inode) return undefined;
  const pid = ownerOf(inode);
  if (!pid) return { command: 'a process that cannot be seen from here' };
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  return { pid, command: command.slice(0, 120) };
}
