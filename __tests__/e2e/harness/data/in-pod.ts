import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';
import { environment } from '../environment.js';
import type { Space } from '../namespace.js';

export interface Ended {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** That of kubectl: of the command in the pod, where the connection lasted until its end. */
  readonly code: number | null;
}

/** Runs a command in a container, as administrator. Does not throw when it fails. */
export async function inPod(space: Space, container: { pod: string; name: string }, command: readonly string[], input: string | Buffer = ''): Promise<Ended> {
  const args = ['exec', '-i', '--namespace', space.name, container.pod, '--container', container.name, '--', ...command];
  const child = spawn('kubectl', args, { env: { ...process.env, KUBECONFIG: environment().kubeconfig } });
  // A command that ends before it has read its input closes the pipe; its exit code shows why.
  child.stdin.on('error', () => undefined).end(input);
  const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), text(child.stderr), closed]);
  return { stdout, stderr, code };
}

/** What the command writes, without the end of the last line. Throws what it says when it fails. */
export async function outputInPod(...of: Parameters<typeof inPod>): Promise<string> {
  const { stdout, stderr, code } = await inPod(...of);
  if (code !== 0) throw new Error(`${of[2].join(' ')} in ${of[1].pod} failed with code ${code}: ${stderr.trim()}`);
  return stdout.toString().trimEnd();
}
