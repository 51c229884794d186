// Manages one long-running process: starts it so it outlives this program, recognises later
// whether it is still the same one, and ending it.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { tail } from './command.mjs';
import { paths, systemFolders } from './layout.mjs';
import { until } from './wait.mjs';

/** @typedef {{ pid: number, started: string, boot: string, since: string, command: [string, ...string[]] }} Trace */

/** Marks our processes in /proc/PID/environ, also those that they start themselves (containerd's shims). */
export const marker = 'ACCI_SANDBOX_PROCESS';

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export const boot = read('/proc/sys/kernel/random/boot_id').trim();

/**
 * When a process started, in ticks since boot; nothing if it has ended. A zombie has ended, though
 * kill(pid, 0) still reaches it until its parent reaps it.
 * @param {number} pid
 */
export function startOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  // The name of the program is in brackets and may contain any character; the fields are after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] && !'ZX'.includes(fields[0]) ? fields[19] : undefined;
}

/** @param {string} name */
const traceFile = (name) => join(paths.processes, `${name}.json`);
/** @param {string} name */
const logFile = (name) => join(paths.logs, `${name}.log`);

/** @param {string} name @returns {Trace | undefined} */
export function traceOf(name) {
  const text = read(traceFile(name));
  return text ? JSON.parse(text) : undefined;
}

/** The process, if it still is the one that was started: pids are used again. @param {string} name */
export function alive(name) {
  const trace = traceOf(name);
  return trace && trace.boot === boot && startOf(trace.pid) === trace.started ? trace : undefined;
}

/** @param {string} name */
export function lastLines(name) {
  return `--- the end of ${logFile(name)}:\n${tail(read(logFile(name)), 20)}`;
}

// Of the caller's environment only this reaches our processes. The rest may well change what they do:
// REGISTRY_AUTH, which `env` sets, is to docker-registry an override of its configuration.
const inherited = ['PATH', 'HOME', 'LANG', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** @param {string} name @param {NodeJS.ProcessEnv} own */
function environmentOf(name, own) {
  const kept = Object.entries(process.env).filter(([variable]) => inherited.includes(variable.toUpperCase()));
  // kube-proxy and the CNI plugins look for iptables and the like by themselves.
  const PATH = [process.env.PATH, ...systemFolders].join(delimiter);
  return { ...Object.fromEntries(kept), PATH, ...own, [marker]: name };
}

/** @param {string} name @param {[string, ...string[]]} command @param {NodeJS.ProcessEnv} [environment] @returns {Promise<Trace>} */
export async function launch(name, command, environment = {}) {
  mkdirSync(paths.logs, { recursive: true });
  mkdirSync(paths.processes, { recursive: true });
  // Each start writes a new log, so it cannot grow indefinitely; the previous log shows why the process exited.
  if (read(logFile(name))) renameSync(logFile(name), `${logFile(name)}.before`);
  const log = openSync(logFile(name), 'w');
  const child = spawn(command[0], command.slice(1), {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: environmentOf(name, environment),
  });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${name} cannot be started: ${error.message}`)));
  }).finally(() => closeSync(log));
  child.unref();
  const pid = /** @type {number} */ (child.pid);
  const trace = { pid, started: startOf(pid) ?? '', boot, since: new Date().toISOString(), command };
  writeFileSync(traceFile(name), JSON.stringify(trace, undefined, 2));
  return trace;
}

/** @param {number} pid @param {NodeJS.Signals} signal */
export function signal(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended in between.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** Ends a process as a crash would, without a chance to say goodbye. @param {number} pid */
export async function crash(pid) {
  const started = startOf(pid);
  if (!started) return;
  signal(pid, 'SIGKILL');
  await until(`the end of process ${pid} after SIGKILL`, () => startOf(pid) !== started, { seconds: 10 });
}

/** Ends a process, kindly at first. @param {number} pid @param {{ seconds?: number }} [options] */
export async function end(pid, { seconds = 10 } = {}) {
  const started = startOf(pid);
  if (!started) return;
  const gone = () => startOf(pid) !== started;
  signal(pid, 'SIGTERM');
  await until(`the end of process ${pid}`, gone, { seconds }).catch(() => crash(pid));
}

/** @param {string} name @param {{ seconds?: number }} [options] */
export async function endNamed(name, options) {
  const trace = alive(name);
  if (trace) await end(trace.pid, options);
  rmSync(traceFile(name), { force: true });
}

/** Every process that carries the marker, by pid; the value is the name it was started under. */
export function marked() {
  /** @type {Map<number, string>} */
  const found = new Map();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!pid || pid === process.pid || !startOf(pid)) continue;
    const mark = read(`/proc/${pid}/environ`).split('\0').find((text) => text.startsWith(`${marker}=`));
    if (mark) found.set(pid, mark.slice(marker.length + 1));
  }
  return found;
}

/** @param {string} file @param {string} content @param {number} [mode] @returns {boolean} whether it was another before */
export function put(file, content, mode = 0o644) {
  if (read(file) === content) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
  return true;
}
