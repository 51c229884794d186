import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 20;
/** How long the kernel may take to remove killed processes. If process 1 does not reap them, zombies stay. */
const reapMs = 200;

/** Every program runs as the leader of a process group of its own, so its children can be reached through its pid. */
export interface ProcessGroup {
  /** Sends the signal to every process of the group; false when there is none left. */
  signal(name: NodeJS.Signals | 0): boolean;
  /** SIGTERM, and SIGKILL for what is still there `graceMs` later. Resolves when all that can be done is done. */
  end(graceMs: number): Promise<void>;
}

/** The group that is led by `pid`. */
export function processGroup(pid: number): ProcessGroup {
  const signal = (name: NodeJS.Signals | 0): boolean => {
    try {
      process.kill(-pid, name);
      return true;
    } catch (error) {
      // EPERM: somebody is there, and belongs to another user (a program that gave up its rights).
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  };
  // The kernel reports the end of a process only to its parent, so grandchildren are polled.
  const gone = async (withinMs: number): Promise<boolean> => {
    for (const deadline = performance.now() + withinMs; performance.now() < deadline; await delay(pollMs)) {
      if (!signal(0)) return true;
    }
    return false;
  };
  const end = async (graceMs: number): Promise<void> => {
    if (!signal('SIGTERM') || await gone(graceMs)) return;
    signal('SIGKILL');
    await gone(reapMs);
  };
  return { signal, end };
}
