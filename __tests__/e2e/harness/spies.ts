import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Programs that stand before the real ones on PATH, and note what each call was given. */
export interface Spies {
  /** PATH with them in front. */
  readonly path: string;
  /** A credential plugin of a kubeconfig, which notes the same and gives this token. */
  plugin(token: string): string;
  /** Everything that calls of this program got: arguments, environment, and the process list as it was then. */
  seen(program: string): string;
  /** What the calls of `docker login` were given on standard input. */
  readonly passwords: () => readonly string[];
  remove(): void;
}

export function spies(...programs: readonly string[]): Spies {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-spies-'));
  const [bin, notes] = [join(folder, 'bin'), join(folder, 'notes')];
  for (const each of [bin, notes]) mkdirSync(each, { mode: 0o700 });
  const note = (program: string): string => `note=$(mktemp ${notes}/${program}-XXXXXX)
{ printf '%s\\n' "$0" "$@"; cat /proc/$$/environ | tr '\\0' '\\n'; for each in /proc/[0-9]*; do tr '\\0' ' ' <"$each/cmdline"; done; } >"$note" 2>/dev/null`;
  const script = (program: string, body: string): string => {
    const path = join(bin, program);
    writeFileSync(path, `#!/bin/bash\n${note(program)}\n${body}\n`, { mode: 0o755 });
    return path;
  };
  for (const program of programs) {
    const real = execFileSync('bash', ['-c', 'type -P "$1"', 'bash', program]).toString().trim();
    script(program, `case "$1" in login) cat >"${notes}/password-$$"; exec "${real}" "$@" <"${notes}/password-$$";; *) exec "${real}" "$@";; esac`);
  }
  const read = (prefix: string): readonly string[] => readdirSync(notes).filter((name) => name.startsWith(prefix)).map((name) => readFileSync(join(notes, name), 'utf8'));
  return {
    path: `${bin}:${process.env.PATH ?? ''}`,
    plugin: (token) => {
      const answer = join(folder, 'credential.json');
      writeFileSync(answer, JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }), { mode: 0o600 });
      return script('plugin', `cat "${answer}"`);
    },
    seen: (program) => read(`${program}-`).join('\n'),
    passwords: () => read('password-'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
