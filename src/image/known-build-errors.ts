import type { BuildFailure } from './build-failure.js';
import { imageFailure, imagePlatformFailure, imageRole } from './image-role.js';
import { pushFailure } from './push-failure.js';
import { instructionOf, place, stepFailure } from './step-failure.js';
import { placeWords, settingText } from '../outcome/place-words.js';

export interface KnownBuildError {
  /** Matched against the final error of buildx. */
  readonly pattern: RegExp;
  readonly explain: (match: readonly string[], output: string) => BuildFailure;
}

const failed = (message: string, hint: string): BuildFailure => ({ cause: 'build-failed', message, hint });
const unsupported = (message: string, hint: string): BuildFailure => ({ cause: 'platform-unsupported', message, hint });

function noImage(image: string, reason: string, output: string, noPlatform: boolean): BuildFailure {
  const instruction = instructionOf(output);
  const role = imageRole(image, instruction);
  const failure = noPlatform ? imagePlatformFailure(role, place(output)) : imageFailure(role, reason, place(output));
  return instruction === undefined ? { ...failure, missed: { kind: 'image', image, reason, noPlatform } } : failure;
}

/** A path that COPY, ADD or a mount did not find, in the context or in the stage or image that they name. */
function notCopied(path: string, output: string): BuildFailure {
  const instruction = instructionOf(output);
  const name = path.replace(/^\//, '');
  const from = /(?:--from=|\bfrom=)([^\s,]+)/.exec(instruction ?? '')?.[1];
  if (from !== undefined) {
    return failed(`${name} does not exist in ${from}, from which it is copied${place(output)}.`, `Check the path in ${from}. A file that a build step creates only exists after that step.`);
  }
  return {
    ...failed(
      `${name} is not in the build context${place(output)}.`,
      `Check the path, which is relative to ${settingText('context')}, and that .dockerignore does not exclude it. A file that ${placeWords().before} creates must exist before the build.`,
    ),
    missed: { kind: 'copied', path, instruction, place: place(output) },
  };
}

/** The first match wins. The comment in each is an example from buildx 0.29 with BuildKit 0.25. */
export const knownBuildErrors: readonly KnownBuildError[] = [
  {
    // failed to push ghcr.io/acme/api:x: unexpected status from HEAD request to https://…: 401 Unauthorized
    pattern: /failed to push (\S+?): ([^]*)/,
    explain: ([, reference = '', reason = '']) => pushFailure(reference, reason),
  },
  {
    // node:9: failed to resolve source metadata for docker.io/library/node:9: no match for platform in manifest: not found
    pattern: /failed to (?:resolve source|load) metadata for (\S+?): (.*no match for platform in manifest.*)/,
    explain: ([, image = '', reason = ''], output) => noImage(image, reason, output, true),
  },
  {
    // node:99: failed to resolve source metadata for docker.io/library/node:99: docker.io/library/node:99: not found
    pattern: /failed to resolve source metadata for (\S+?): ([^]*)/,
    explain: ([, image = '', reason = ''], output) => noImage(image, reason, output, false),
  },
  {
    // failed to read dockerfile: open Dockerfile: no such file or directory
    pattern: /failed to read dockerfile: open (.+?): no such file or directory/,
    explain: ([, file]) => ({
      ...failed(`There is no ${file} in the build context.`, `Check ${settingText('dockerfile')}, which is relative to ${placeWords().folder}, and ${settingText('context')}, and that the repository is checked out.`),
      missed: { kind: 'dockerfile' },
    }),
  },
  {
    // resolve : lstat docker: no such file or directory
    pattern: /^resolve [^:]*: lstat (.+?): no such file or directory/,
    explain: ([, folder]) => ({
      ...failed(`The folder ${folder}, where the Dockerfile is expected, does not exist.`, `Check ${settingText('dockerfile')}, which is relative to ${placeWords().folder}, and that the repository is checked out.`),
      missed: { kind: 'dockerfile' },
    }),
  },
  {
    // failed to read dockerfile: read /tmp/buildkit-mount1919405973/docker: is a directory
    pattern: /failed to read dockerfile: read (?:\S*\/)?([^/\s]+): is a directory/,
    explain: ([, folder]) => ({
      ...failed(`${folder} is a folder, and not a Dockerfile.`, `Set ${settingText('dockerfile')} to the Dockerfile itself. It is relative to ${placeWords().folder}.`),
      missed: { kind: 'dockerfile' },
    }),
  },
  {
    // error from sender: open /src/id_rsa: permission denied
    pattern: /(?:error from sender|failed to (?:walk|read|load)[^:]*): (?:open|lstat|readlink) (.+?): permission denied/,
    explain: ([, file]) => failed(
      `${file} of the build context cannot be read: permission denied.`, 'Make the file readable for this user, or exclude it with .dockerignore.',
    ),
  },
  {
    // unable to prepare context: path "./api" not found
    pattern: /unable to prepare context: path "(.+)" not found/,
    explain: ([, path]) => ({
      ...failed(`The build context ${path} does not exist.`, `Check ${settingText('context')}, which is relative to ${placeWords().folder}, and that the repository is checked out.`),
      missed: { kind: 'context' },
    }),
  },
  {
    // target stage "prod" could not be found
    pattern: /target stage "?(.+?)"? could not be found/,
    explain: ([, stage]) => failed(`The Dockerfile has no stage "${stage}".`, `Check ${settingText('target')}: stages are named with \`FROM … AS name\`.`),
  },
  {
    // failed to compute cache key: failed to calculate checksum of ref x::y: "/app.jar": not found
    pattern: /failed to (?:compute cache key|calculate checksum of ref)[^"\n]*"([^"\n]+)":? not found/,
    explain: ([, path = ''], output) => notCopied(path, output),
  },
  {
    // lstat /app.jar: no such file or directory (the stage that COPY --from names has no files at all)
    pattern: /^(?:failed to (?:compute cache key|calculate checksum of ref)[^\n]*: )?lstat (\/.+?): no such file or directory/,
    explain: ([, path = ''], output) => notCopied(path, output),
  },
  {
    // dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)
    pattern: /dockerfile parse error on line (\d+): (.+)/,
    explain: ([, line, reason]) => failed(`The Dockerfile is not valid at line ${line}: ${reason}.`, 'Fix this line.'),
  },
  {
    // process "/bin/sh -c npm ci" did not complete successfully: exit code: 1
    pattern: /process "([^]+)" did not complete successfully: (?:exit code: (\d+)|(.+))/,
    explain: ([, command = '', code, reason], output) =>
      stepFailure(command, code === undefined ? `with ${reason}` : Number(code), output),
  },
  {
    // secret npm_token: not found
    pattern: /^secret (\S+): not found/,
    explain: ([, id], output) => failed(
      `The Dockerfile needs the build secret "${id}", which was not given${place(output)}.`, `Add it to ${settingText('build-secrets')} as ${id}=….`,
    ),
  },
  {
    // failed to prepare x as y: parent snapshot sha256:… does not exist: not found
    pattern: /parent snapshot \S+ does not exist/,
    explain: () => failed(
      'The cache of the builder is damaged: a layer that it needs is missing.',
      'Run again; if it fails again, run `docker buildx prune --all` on the builder.',
    ),
  },
  {
    // write /var/lib/buildkit/…: no space left on device
    pattern: /no space left on device/,
    explain: () => failed('The disk of the builder is full.', 'Free disk space where it runs, or run `docker buildx prune`.'),
  },
  {
    // docker: 'buildx' is not a docker command. (before 28)   docker: unknown command: docker buildx
    pattern: /'buildx' is not a docker command|unknown command: docker buildx/,
    explain: () => failed('docker is installed without buildx, which is needed to build images.', placeWords().setUpBuildx),
  },
  {
    // unknown flag: --annotation
    pattern: /^unknown (?:shorthand )?flag: (.+)/,
    explain: ([, flag]) => failed(`buildx is missing or too old: it does not know ${flag}.`, placeWords().setUpBuildx),
  },
  {
    // Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
    pattern: /Cannot connect to the Docker daemon at (\S+?)\.? /,
    explain: ([, address]) => failed(
      `The Docker daemon at ${address} cannot be reached.`, `Start Docker on this machine, or set ${settingText('builder')} to a builder that needs no daemon.`,
    ),
  },
  {
    // no builder "ci" found
    pattern: /no builder "(.+)" found/,
    explain: ([, name]) => failed(
      `There is no builder "${name}" on this machine.`,
      `Set ${settingText('builder')} to ${placeWords().builderOutput}. Without it, the current builder is used.`,
    ),
  },
  {
    // Multi-platform build is not supported for the docker driver.
    pattern: /^(.+) is not supported for the docker driver/m,
    explain: ([, feature = '']) => ({
      cause: /platform/i.test(feature) ? 'platform-unsupported' : 'build-failed',
      message: `${feature} is not supported by the builder of the Docker daemon.`,
      hint: placeWords().setUpBuildx,
    }),
  },
  {
    // failed to parse platform linux/am d64: "am d64" is an invalid component of "linux/am d64"
    pattern: /^.*(?:invalid platform|failed to parse platform|unknown operating system or architecture|is an invalid (?:OS )?component).*/m,
    explain: ([text]) => unsupported(
      `The builder does not support one of the platforms: ${text}.`, `Check ${settingText('platforms')}: os/architecture[/variant], e.g. linux/arm64.`,
    ),
  },
  {
    // rpc error: code = Unavailable desc = error reading from server: EOF
    pattern: /code = Unavailable|error reading from server|closing transport|graceful_stop/,
    explain: () => failed(
      'The connection to the builder was lost during the build.',
      'The builder was stopped or ran out of memory. Run again, or give it more memory.',
    ),
  },
];
