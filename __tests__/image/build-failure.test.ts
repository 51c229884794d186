import { describe, expect, it } from '@jest/globals';
import { explainBuildFailure, relevantLines } from '../../src/image/explain-build-failure.js';
import { pushFailure } from '../../src/image/push-failure.js';

/** As buildx 0.29.1 with BuildKit 0.25.2 printed it, shortened by steps that did well. */
const snippet = (place: string, instruction: string) => `------\n > [2/2] ${instruction}:\n0.091 oops\n------\n${place}\n--------------------\n`
  + `   1 |     FROM scratch\n   2 | >>> ${instruction}\n   3 |     \n--------------------\n`;
const error = (text: string) => `#0 building with "ci" instance using remote driver\n\n#4 0.090 ERROR: 401 Unauthorized\n${text}\n`;
const solve = (text: string) => error(`ERROR: failed to build: failed to solve: ${text}`);
const image = (reason: string) => solve(`r/base:1: failed to resolve source metadata for r/base:1: ${reason === 'not found' ? 'r/base:1: not found' : reason}`);
const named = (instruction: string, reason: string) => snippet('Dockerfile:2', instruction) + image(reason);
const push = (text: string) => solve(`failed to push ghcr.io/acme/api:x: ${text}`);

describe('a failed build, in words', () => {
  it.each<[string, string, string, RegExp, boolean?]>([
    ['push: login missing', push('unexpected status from HEAD request to https://ghcr.io/v2/x: 401 Unauthorized'), 'registry-denied', /^The registry refused the push of ghcr\.io\/acme\/api:x: .*401 Unauthorized\.$/],
    ['push: forbidden', push('unexpected status from POST request to https://ghcr.io/v2/x: 403 Forbidden'), 'registry-denied', /403 Forbidden/],
    ['push: no credentials', push('push access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed'), 'registry-denied', /push access denied/],
    ['push: busy', push('unexpected status from PUT request to https://ghcr.io/v2/x: 503 Service Unavailable'), 'push-failed', /^The image was built, but ghcr\.io\/acme\/api:x could not be pushed/, true],
    ['push: too many', push('unexpected status from PUT request to https://ghcr.io/v2/x: 429 Too Many Requests'), 'push-failed', /429/, true],
    ['push: reset', push('failed to do request: Put "https://ghcr.io/v2/x": read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer'), 'push-failed', /reset/, true],
    ['push: slow', push('failed to do request: Head "https://ghcr.io/v2/x": net/http: TLS handshake timeout'), 'push-failed', /timeout/, true],
    ['push: nobody there', push('failed to do request: Head "http://127.0.0.1:1/v2/x": dial tcp 127.0.0.1:1: connect: connection refused'), 'push-failed', /the registry of ghcr\.io\/acme\/api:x cannot be reached/],
    ['push: bad request', push('unexpected status from PUT request to https://ghcr.io/v2/x: 400 Bad Request'), 'push-failed', /did not accept ghcr/],
    ['push from the daemon', error('ERROR: failed to build: failed to solve: denied: requested access to the resource is denied'), 'registry-denied', /push of the image: denied/],
    ['base image absent', named('FROM r/base:1', 'not found'), 'build-failed', /^The base image r\/base:1 does not exist \(Dockerfile:2\)\.$/],
    ['base image by an argument', named('FROM --platform=$BUILDPLATFORM $BASE AS build', 'not found'), 'build-failed', /^The base image r\/base:1 does not exist/],
    ['base image denied', named('FROM r/base:1', 'unexpected status from HEAD request to http://r/v2: 401 Unauthorized'), 'registry-denied', /^The base image r\/base:1 cannot be pulled \(Dockerfile:2\), .*401 Unauthorized\.$/],
    ['base image unreachable', named('FROM r/base:1', 'failed to do request: Head "https://r/v2": dial tcp: lookup r: no such host'), 'build-failed', /could not be pulled \(Dockerfile:2\): .*no such host\.$/],
    ['base image of another platform', named('FROM r/base:1', 'no match for platform in manifest: not found'), 'platform-unsupported', /^The base image r\/base:1 does not exist for one of the requested platforms/],
    ['image that the line does not name', named('FROM r/onbuild:1', 'not found'), 'build-failed', /^The image r\/base:1 does not exist \(Dockerfile:2\)\.$/],
    ['image without a line', image('not found'), 'build-failed', /^The image r\/base:1 does not exist\.$/],
    ['syntax line', named('# syntax=r/base:1', 'not found'), 'build-failed', /^The image r\/base:1 of the `# syntax` line does not exist \(Dockerfile:2\)\.$/],
    ['syntax line, denied', named('#Syntax = r/base:1', 'push access denied, repository does not exist'), 'registry-denied', /of the `# syntax` line cannot be pulled/],
    ['syntax line, unreachable', named('// syntax=r/base:1', 'dial tcp 127.0.0.1:1: connect: connection refused'), 'build-failed', /of the `# syntax` line could not be pulled/],
    ['image of COPY', named('COPY --chown=1 --from=r/base:1 /a /b', 'not found'), 'build-failed', /^The image r\/base:1 of `COPY --from` does not exist \(Dockerfile:2\)\.$/],
    ['image of COPY, of another platform', named('COPY --from=r/base:1 /a /b', 'no match for platform in manifest: not found'), 'platform-unsupported', /^The image r\/base:1 of `COPY --from` does not exist for one of the requested platforms/],
    ['image of RUN --mount', named('RUN --mount=type=bind,from=r/base:1,target=/t make', 'not found'), 'build-failed', /^The image r\/base:1 of `RUN --mount` does not exist/],
    ['COPY from a stage', snippet('Dockerfile:2', 'COPY --from=build /out/app /') + solve('failed to compute cache key: failed to calculate checksum of ref a::b: "/out/app": not found'), 'build-failed', /^out\/app does not exist in build, from which it is copied \(Dockerfile:2\)\.$/],
    ['COPY from an empty stage', snippet('Dockerfile:9', 'COPY --from=assets /site /') + solve('lstat /site: no such file or directory'), 'build-failed', /^site does not exist in assets, from which it is copied \(Dockerfile:9\)\.$/],
    ['folder of the Dockerfile', error('ERROR: failed to build: resolve : lstat docker: no such file or directory'), 'build-failed', /^The folder docker, where the Dockerfile is expected, does not exist\.$/],
    ['Dockerfile that is a folder', solve('failed to read dockerfile: read /tmp/buildkit-mount1919405973/docker: is a directory'), 'build-failed', /^docker is a folder, and not a Dockerfile\.$/],
    ['file of the context that cannot be read', solve('error from sender: open /src/id_rsa: permission denied'), 'build-failed', /^\/src\/id_rsa of the build context cannot be read: permission denied\.$/],
    ['anything that may not be done', solve('mount /dev/shm: permission denied'), 'build-failed', /^The image could not be built: mount \/dev\/shm: permission denied\.$/],
    ['no Dockerfile', solve('failed to read dockerfile: open Dockerfile: no such file or directory'), 'build-failed', /^There is no Dockerfile in the build context\.$/],
    ['no context', error('ERROR: failed to build: unable to prepare context: path "./api" not found'), 'build-failed', /^The build context \.\/api does not exist\.$/],
    ['no stage', solve('target stage "prod" could not be found'), 'build-failed', /^The Dockerfile has no stage "prod"\.$/],
    ['COPY', snippet('Dockerfile:2', 'COPY app.jar /') + solve('failed to compute cache key: failed to calculate checksum of ref a::b: "/app.jar": not found'), 'build-failed', /^app\.jar is not in the build context \(Dockerfile:2\)\.$/],
    ['parse error', solve('dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)'), 'build-failed', /^The Dockerfile is not valid at line 2: unknown instruction: FOO/],
    ['RUN', snippet('Dockerfile:2', 'RUN npm ci') + solve('process "/bin/sh -c npm ci" did not complete successfully: exit code: 3'), 'build-failed', /^`RUN npm ci` \(Dockerfile:2\) failed with exit code 3\.$/],
    ['RUN without a snippet', solve('process "/bin/sh -c npm ci" did not complete successfully: exit code: 3'), 'build-failed', /^`\/bin\/sh -c npm ci` failed with exit code 3\.$/],
    ['RUN on a platform', snippet('Dockerfile:2', 'RUN x').replace('[2/2]', '[linux/arm64 build 2/2]') + solve('process "x" did not complete successfully: exit code: 1'), 'build-failed', /exit code 1 for linux\/arm64\.$/],
    ['RUN of another processor', `#5 0.1 exec /bin/sh: exec format error\n${snippet('Dockerfile:2', 'RUN x').replace('[2/2]', '[linux/arm64 2/2]')}` + solve('process "x" did not complete successfully: exit code: 255'), 'platform-unsupported', /^`RUN x` \(Dockerfile:2\) could not run for linux\/arm64/],
    ['RUN cancelled', solve('process "x" did not complete successfully: context canceled'), 'build-failed', /failed with context canceled/],
    ['secret', snippet('Dockerfile:2', 'RUN x') + solve('secret npm: not found'), 'build-failed', /^The Dockerfile needs the build secret "npm", which was not given \(Dockerfile:2\)\.$/],
    ['snapshot', solve('failed to prepare a as b: parent snapshot sha256:c does not exist: not found'), 'build-failed', /cache of the builder is damaged/],
    ['disk', solve('failed to copy files: write /var/lib/buildkit/x: no space left on device'), 'build-failed', /^The disk of the builder is full\.$/],
    ['no buildx before 28', "docker: 'buildx' is not a docker command.\nSee 'docker --help'\n", 'build-failed', /^docker is installed without buildx/],
    ['no buildx', "docker: unknown command: docker buildx\n\nRun 'docker --help' for more information\n", 'build-failed', /^docker is installed without buildx/],
    ['old buildx', "unknown flag: --annotation\n\nUsage:  docker buildx build\n\nRun 'docker buildx build --help' for more information\n", 'build-failed', /it does not know --annotation/],
    ['daemon', 'ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n', 'build-failed', /^The Docker daemon at unix:\/\/\/var\/run\/docker\.sock cannot be reached\.$/],
    ['builder', 'ERROR: no builder "ci" found\n', 'build-failed', /^There is no builder "ci" on this machine\.$/],
    ['driver', 'ERROR: failed to build: Multi-platform build is not supported for the docker driver.\nSwitch to a different driver, or turn on the containerd image store, and try again.\n', 'platform-unsupported', /^Multi-platform build is not supported/],
    ['cache of the driver', 'ERROR: failed to build: Cache export is not supported for the docker driver.\nSwitch to a different driver\n', 'build-failed', /^Cache export is not supported/],
    ['platform', 'ERROR: failed to build: failed to parse platform linux/am d64: "am d64" is an invalid component of "linux/am d64"\n', 'platform-unsupported', /^The builder does not support one of the platforms: .*am d64/],
    ['connection', solve('rpc error: code = Unavailable desc = error reading from server: EOF'), 'build-failed', /^The connection to the builder was lost/],
    ['anything else', solve('the moon is in the way'), 'build-failed', /^The image could not be built: the moon is in the way\.$/],
    ['nothing', '', 'build-failed', /^The image could not be built: buildx reported no reason\.$/],
  ])('%s', (_name, output, cause, message, temporary = undefined) => {
    const failure = explainBuildFailure(output);
    expect(failure.message).toMatch(message);
    expect(failure).toMatchObject({ cause });
    expect(failure.temporary).toBe(temporary);
  });

  it('says of a base image by an argument where its name comes from', () => {
    expect(explainBuildFailure(named('FROM r/base:${TAG}', 'not found')).hint).toBe(
      'Its name contains `r/base:${TAG}`, which is set by `build-args` or by the ARG lines. Check its name and tag in the FROM line.',
    );
  });

  it('takes a name without registry and tag for a misspelt stage', () => {
    expect(explainBuildFailure(named('COPY --from=biuld /a /b', 'not found')).hint).toBe(
      'No stage before this line is called "biuld", so it is treated as an image. Check its name and tag in `from=biuld`.',
    );
  });

  it('says of exit code 137 that memory may be short', () => {
    expect(explainBuildFailure(solve('process "x" did not complete successfully: exit code: 137')).hint).toMatch(/out of memory/);
  });

  it('is not misled by what a step of the build prints', () => {
    const output = '#5 0.1 ERROR: failed to build: failed to solve: failed to push a: 503 Service Unavailable\n#5 0.2 npm error 401 Unauthorized\n'
      + solve('process "/bin/sh -c npm ci" did not complete successfully: exit code: 1');
    expect(explainBuildFailure(output)).toMatchObject({ cause: 'build-failed', message: expect.stringContaining('exit code 1') });
  });

  it('shows the lines that say something', () => {
    const output = '#3 transferring context: 2B done\n#3 DONE 0.0s\n\n#4 [1/1] COPY a /\n#4 CACHED\n#5 exporting layers done\n#6 0.1 hello\nERROR: no\n';
    expect(relevantLines(output)).toBe('#4 [1/1] COPY a /\n#6 0.1 hello\nERROR: no');
    expect(relevantLines(Array.from({ length: 100 }, (_, i) => `#1 0.1 line ${i}`).join('\n')).split('\n')).toHaveLength(40);
  });
});

it('names the permission of the job only where the registry is that of GitHub', () => {
  expect(pushFailure('ghcr.io/acme/api:x', '403 Forbidden').hint).toContain('`permissions: packages: write`.');
  expect(pushFailure('registry.example/api:x', '403 Forbidden').hint).toMatch(/can write to this repository\.$/);
});
