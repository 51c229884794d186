import type { Cause } from '../outcome/causes.js';
import { finalError } from './docker.js';
import { classifyRegistryError } from './registry-error.js';

export interface BuildFailure {
  readonly cause: Extract<Cause, 'build-failed' | 'push-failed' | 'registry-denied' | 'platform-unsupported'>;
  readonly message: string;
  /** Undefined: the hint of the cause. */
  readonly hint?: string;
  /** The image was built, and the registry may take it at another try. */
  readonly temporary?: boolean;
}

interface Known {
  readonly pattern: RegExp;
  readonly explain: (match: RegExpExecArray, output: string) => BuildFailure;
}

/** Matched against the final error of buildx, in this order. Above each: an example, as BuildKit 0.25 and buildx 0.29 say it. */
const known: readonly Known[] = [
  {
    // failed to push ghcr.io/acme/api:x: unexpected status from HEAD request to https://…: 401 Unauthorized
    pattern: /failed to push (\S+?): ([^]*)/,
    explain: ([, reference = '', reason = '']) => pushFailure(reference, reason),
  },
  {
    // alpine:3.20: failed to resolve source metadata for docker.io/library/alpine:3.20: no match for platform in manifest: not found
    pattern: /(?:failed to resolve source metadata for|failed to copy:|failed to load metadata for) ?(\S*?):? .*no match for platform in manifest/,
    explain: ([, base = ''], output) => ({
      cause: 'platform-unsupported',
      message: `The base image ${base} does not exist for a platform that is asked for${place(output)}.`,
      hint: 'Choose a base image that has all of `platforms`, or leave the platform out.',
    }),
  },
  {
    // node:99: failed to resolve source metadata for docker.io/library/node:99: docker.io/library/node:99: not found
    pattern: /failed to resolve source metadata for (\S+?): ([^]*)/,
    explain: ([, base = '', reason = ''], output) => baseImageFailure(base, reason, place(output)),
  },
  {
    // failed to read dockerfile: open Dockerfile: no such file or directory
    pattern: /failed to read dockerfile: open (.+?): no such file or directory/,
    explain: ([, file]) => ({
      cause: 'build-failed', message: `There is no ${file} in the build context.`,
      hint: 'Check `dockerfile`, which is relative to the workspace, and `context`; and that the repository is checked out.',
    }),
  },
  {
    // unable to prepare context: path "./api" not found
    pattern: /unable to prepare context: path "(.+)" not found/,
    explain: ([, path]) => ({
      cause: 'build-failed', message: `The build context ${path} does not exist.`,
      hint: 'Check `context`, which is relative to the workspace, and that the repository is checked out.',
    }),
  },
  {
    // target stage "prod" could not be found
    pattern: /target stage "?(.+?)"? could not be found/,
    explain: ([, stage]) => ({
      cause: 'build-failed', message: `The Dockerfile has no stage "${stage}".`, hint: 'Check `target`: a stage is named by `FROM … AS name`.',
    }),
  },
  {
    // failed to compute cache key: failed to calculate checksum of ref x::y: "/app.jar": not found
    pattern: /failed to (?:compute cache key|calculate checksum of ref)[^]*?"(.+?)":? not found/,
    explain: ([, path = ''], output) => ({
      cause: 'build-failed', message: `${path.replace(/^\//, '')} is not in the build context${place(output)}.`,
      hint: 'Check the path, which is relative to `context`, and that .dockerignore does not leave it out; a file made by an earlier step must be made before this one.',
    }),
  },
  {
    // dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)
    pattern: /dockerfile parse error on line (\d+): (.+)/,
    explain: ([, line, reason]) => ({ cause: 'build-failed', message: `The Dockerfile is not valid in line ${line}: ${reason}.`, hint: 'Mend this line.' }),
  },
  {
    // process "/bin/sh -c npm ci" did not complete successfully: exit code: 1
    pattern: /process "(.+)" did not complete successfully: (?:exit code: (\d+)|(.+))/,
    explain: ([, command = '', code, reason], output) => stepFailure(command, code === undefined ? undefined : Number(code), reason, output),
  },
  {
    // secret npm_token: not found
    pattern: /^secret (\S+): not found/,
    explain: ([, id], output) => ({
      cause: 'build-failed', message: `The Dockerfile needs the build secret "${id}", which was not given${place(output)}.`, hint: `Add it to \`build-secrets\` as ${id}=….`,
    }),
  },
  {
    // failed to prepare x as y: parent snapshot sha256:… does not exist: not found
    pattern: /parent snapshot \S+ does not exist/,
    explain: () => ({
      cause: 'build-failed', message: 'The cache of the builder is damaged: a layer that it relies on is gone.', hint: 'Run again; if it stays, run `docker buildx prune --all` on the builder.',
    }),
  },
  {
    // write /var/lib/buildkit/…: no space left on device
    pattern: /no space left on device/,
    explain: () => ({ cause: 'build-failed', message: 'The disk of the builder is full.', hint: 'Free room on the runner before this step, or run `docker buildx prune`.' }),
  },
  {
    // docker: 'buildx' is not a docker command.   docker: unknown command: docker buildx
    pattern: /'buildx' is not a docker command|unknown command: docker buildx/,
    explain: () => ({
      cause: 'build-failed', message: 'docker is installed without buildx, which images are built with.', hint: 'Add `- uses: docker/setup-buildx-action@v3` before this step of the workflow.',
    }),
  },
  {
    // Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
    pattern: /Cannot connect to the Docker daemon at (\S+?)\.? /,
    explain: ([, address]) => ({
      cause: 'build-failed', message: `The Docker daemon at ${address} cannot be reached.`, hint: 'Start Docker on this runner, or use a builder that needs no daemon (`builder`).',
    }),
  },
  {
    // no builder "ci" found
    pattern: /no builder "(.+)" found/,
    explain: ([, name]) => ({
      cause: 'build-failed', message: `There is no builder "${name}" on this runner.`, hint: 'Check `builder`: it is the output `name` of docker/setup-buildx-action. Without it the current builder is used.',
    }),
  },
  {
    // Multi-platform build is not supported for the docker driver.
    pattern: /(.+) is not supported for the docker driver/,
    explain: ([, feature = '']) => ({
      cause: /platform/i.test(feature) ? 'platform-unsupported' : 'build-failed', message: `${feature} is not possible with the builder that is inside of the Docker daemon.`,
      hint: 'Add `- uses: docker/setup-buildx-action@v3` before this step of the workflow.',
    }),
  },
  {
    // failed to parse platform : "linux/am d64" …: "am d64" is an invalid component   unknown operating system or architecture
    pattern: /(?:invalid|failed to parse) platform[^]*|unknown operating system or architecture[^]*|is an invalid (?:OS )?component[^]*/,
    explain: ([text]) => ({ cause: 'platform-unsupported', message: `A platform is not one that the builder knows: ${text}.`, hint: 'Check `platforms`: os/architecture[/variant], e.g. linux/arm64.' }),
  },
  {
    // rpc error: code = Unavailable desc = error reading from server: EOF
    pattern: /code = Unavailable|error reading from server|closing transport|graceful_stop/,
    explain: () => ({ cause: 'build-failed', message: 'The connection to the builder was lost during the build.', hint: 'The builder was stopped, or ran out of memory. Run again, or give it more.' }),
  },
];

/** What to say of a `docker buildx build` that ended badly, from all it printed. */
export function explainBuildFailure(output: string): BuildFailure {
  const error = finalError(output);
  for (const { pattern, explain } of known) {
    const match = pattern.exec(error);
    if (match) return explain(match, output);
  }
  // The builder inside of the Docker daemon does not say that it was pushing: "denied: requested access to the resource is denied".
  if (classifyRegistryError(error) === 'denied') return pushFailure(undefined, error);
  return { cause: 'build-failed', message: `The image could not be built: ${firstLine(error) || 'buildx gave no reason'}.` };
}

function pushFailure(reference: string | undefined, reason: string): BuildFailure {
  const what = reference === undefined ? 'the image' : reference;
  const why = firstLine(reason);
  switch (classifyRegistryError(reason)) {
    case 'denied':
      return {
        cause: 'registry-denied', message: `The registry did not let ${what} be pushed: ${why}.`,
        hint: 'Check `registry-username` and `registry-password`, and that the account may write to this repository; on GitHub the job needs `permissions: packages: write`.',
      };
    case 'temporary':
      return { cause: 'push-failed', message: `${what} was built and could not be pushed: ${why}.`, temporary: true };
    case 'unreachable':
      return { cause: 'push-failed', message: `${what} was built, and its registry cannot be reached: ${why}.`, hint: 'Check the host and port in `image`, and that the builder may reach it.' };
    default:
      return { cause: 'push-failed', message: `${what} was built and the registry did not take it: ${why}.` };
  }
}

function baseImageFailure(base: string, reason: string, where: string): BuildFailure {
  const why = firstLine(reason);
  switch (classifyRegistryError(reason)) {
    case 'denied':
      return { cause: 'registry-denied', message: `The base image ${base} may not be pulled${where}: ${why}.`, hint: 'Check its name, and log in to its registry before this step.' };
    case 'absent':
      return { cause: 'build-failed', message: `The base image ${base} does not exist${where}.`, hint: 'Check its name and tag in the FROM line.' };
    default:
      return { cause: 'build-failed', message: `The base image ${base} could not be fetched${where}: ${why}.`, hint: 'Check that its registry is up and can be reached from the builder, then run again.' };
  }
}

function stepFailure(command: string, code: number | undefined, reason: string | undefined, output: string): BuildFailure {
  const platform = /^ > \[(\w+\/[\w/]+)[ \]]/m.exec(output)?.[1];
  const step = `\`${shorten(instruction(output) ?? command)}\`${place(output)}`;
  if (/exec format error/.test(output)) {
    return {
      cause: 'platform-unsupported', message: `${step} could not run${platform ? ` for ${platform}` : ''}: the builder cannot execute programs of that processor.`,
      hint: 'Add `- uses: docker/setup-qemu-action@v3` before docker/setup-buildx-action, or build with `FROM --platform=$BUILDPLATFORM` and cross-compile.',
    };
  }
  const hint = code === 137 ? 'Exit code 137 is SIGKILL, mostly from the kernel when memory is short: use less of it, or a larger runner.' : 'The output of the step is below.';
  return { cause: 'build-failed', message: `${step} ended with ${code === undefined ? reason : `exit code ${code}`}${platform ? ` for ${platform}` : ''}.`, hint };
}

/**
 * Dockerfile:12
 * --------------------
 *   12 | >>> RUN npm ci
 */
const snippet = /^(\S+:\d+)\n-{10,}\n([^]*?)\n-{10,}$/m;
const place = (output: string): string => ((found) => (found ? ` (${found[1]})` : ''))(snippet.exec(output));
const instruction = (output: string): string | undefined => /^ *\d+ \| >>> (.+)$/m.exec(snippet.exec(output)?.[2] ?? '')?.[1]?.trim();

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').replace(/[.\s]+$/, '');
const shorten = (text: string): string => (text.length <= 120 ? text : `${text.slice(0, 119)}…`);

const evidenceLines = 40;
const noise = /^#\d+ (?:sha256:|transferring |extracting |exporting |pushing |resolve |DONE|CACHED|\.\.\.$)|^\s*$/;

/** The last lines that say something: transfers and finished steps are left out. */
export function relevantLines(output: string): string {
  return output.split('\n').filter((line) => !noise.test(line)).slice(-evidenceLines).join('\n');
}
