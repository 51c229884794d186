import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BuildConfig } from '../../src/config/config.js';
import { createFiles } from '../../src/host/files.js';
import { architectureOf, foreignPrograms } from '../../src/image/entrypoint.js';

const elf = (machine: number, order = 1): Buffer => {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header[5] = order;
  if (order === 1) header.writeUInt16LE(machine, 18);
  else header.writeUInt16BE(machine, 18);
  return header;
};
const [amd64, arm64] = [elf(0x3e), elf(0xb7)];
let folder = '';
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'entrypoint-')); });
afterEach(() => rmSync(folder, { recursive: true }));

function look(dockerfile: readonly string[], programs: Readonly<Record<string, Buffer | string>>, changes: Partial<BuildConfig> = {}): Promise<string[]> {
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'Dockerfile'), dockerfile.join('\n'));
  for (const [path, content] of Object.entries(programs)) writeFileSync(join(folder, path), content);
  const build = { context: folder, buildArgs: {}, buildSecrets: {}, platforms: [], labels: {}, cache: 'none', ...changes } as const;
  return foreignPrograms(createFiles(folder), build, ['linux/amd64', 'linux/arm64']);
}

const start = 'ENTRYPOINT ["/app"]';
const oneProgram = [['FROM scratch', 'COPY bin/app /app', start], { 'bin/app': amd64 }] as const;

describe('a program of another processor than the image', () => {
  it('is told, with what to do', async () => {
    expect(await look(...oneProgram)).toEqual([
      'The image for linux/arm64 starts bin/app, a program for amd64 that cannot run on arm64. '
      + 'Copy a program for each platform (`COPY …-$TARGETARCH`), or remove the platform from `platforms`.',
    ]);
  });

  it.each<[string, readonly string[]]>([
    ['into a folder', ['FROM scratch', 'WORKDIR /x', 'COPY --chown=1:1 bin/app /', start]], ['by the JSON form', ['from scratch', 'COPY ["bin/app", "/app"]', 'CMD ["/app", "serve"]']],
    ['over several lines', ['FROM --platform=$TARGETPLATFORM scratch AS prod', '# a comment', 'COPY bin/app \\', '  /app', start]],
    ['by an argument that is given', ['FROM scratch', 'ARG NAME', 'COPY bin/${NAME} /app', start]],
  ])('is seen when it is copied %s', async (_how, dockerfile) => {
    expect(await look(dockerfile, { 'bin/app': amd64 }, { buildArgs: { NAME: 'app' } })).toHaveLength(1);
  });

  it.each<[string, readonly string[], Readonly<Record<string, Buffer | string>>, Partial<BuildConfig>?]>([
    ['there is one for each platform', ['FROM scratch', 'COPY bin/app-$TARGETARCH /app', start], { 'bin/app-amd64': amd64, 'bin/app-arm64': arm64 }],
    ['a step may make another', ['FROM scratch', 'COPY bin/app /app', 'RUN ["/app", "install"]', start], { 'bin/app': amd64 }],
    ['there is a base image', ['FROM debian', 'COPY bin/app /app', start], { 'bin/app': amd64 }],
    ['it comes from another stage', ['FROM golang AS build', 'FROM scratch', 'COPY --from=build /app /app', start], { 'bin/app': amd64 }],
    ['another program is started', ['FROM scratch', 'COPY bin/app /other', start], { 'bin/app': amd64 }],
    ['it is a script', ['FROM scratch', 'COPY bin/app /app', start], { 'bin/app': '#!/bin/sh\n' }],
    ['it is started by a shell', ['FROM scratch', 'COPY bin/app /app', 'ENTRYPOINT /app'], { 'bin/app': amd64 }],
    ['a variable is not known', ['FROM scratch', 'ARG NAME=app', 'COPY bin/$NAME /app', start], { 'bin/app': amd64 }],
    ['it is no longer there', ['FROM scratch', 'COPY bin/app /app', start], {}],
    ['another stage is built', ['FROM debian AS prod', 'FROM scratch', 'COPY bin/app /app', start], { 'bin/app': amd64 }, { target: 'prod' }],
    ['the context is elsewhere', ['FROM scratch', 'COPY bin/app /app', start], { 'bin/app': amd64 }, { context: 'https://example.test/x.git' }],
  ])('is not claimed when %s', async (_why, dockerfile, programs, changes = {}) => {
    expect(await look(dockerfile, programs, changes)).toEqual([]);
  });
});

describe('the architecture of a program', () => {
  it.each([[amd64, 'amd64'], [arm64, 'arm64'], [elf(0x16, 2), 's390x'], [elf(0x15), 'ppc64le'], [elf(0x15, 2), 'ppc64'], [elf(0x1234), undefined], [Buffer.from('\x7fELF'), undefined]])('of %s', (header, expected) => {
    expect(architectureOf(header)).toBe(expected);
  });
});
