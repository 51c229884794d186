import { readdirSync, readFileSync } from 'node:fs';

function argumentsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Kills the `kubectl proxy` whose socket is below this folder, as a kernel does that is out of memory: not the shell around it. */
export function killKubectlProxy(temporaryFolder: string): void {
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    const [program = '', ...args] = argumentsOf(pid);
    return program.endsWith('kubectl') && args.some((arg) => arg.startsWith(`--unix-socket=${temporaryFolder}/`));
  });
  if (found.length !== 1) throw new Error(`${found.length} kubectl proxies run for ${temporaryFolder}`);
  process.kill(Number(found[0]), 'SIGKILL');
}
