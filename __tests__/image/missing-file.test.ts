import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFiles } from '../../src/host/files.js';
import { explainBuildFailure } from '../../src/image/explain-build-failure.js';
import type { Missed } from '../../src/image/build-failure.js';
import { explainMissed } from '../../src/image/missing-file.js';

const cwd = process.cwd();
let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'missing-')));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(cwd);
  rmSync(folder, { recursive: true });
});

function put(path: string, text = ''): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const files = createFiles(tmpdir());
const generic = { cause: 'build-failed', message: 'in the words of the builder', hint: 'a hint' } as const;
const explain = (build: { context?: string; dockerfile?: string; buildArgs?: Record<string, string> }, missed: Missed) =>
  explainMissed(files, { context: '.', buildArgs: {}, ...build }, generic, missed);

describe('a context that the builder did not get', () => {
  it('is a file, a link to nothing, or not there', async () => {
    put('api/main.go');
    symlinkSync('gone', 'link');
    expect(await explain({ context: 'api/main.go' }, { kind: 'context' })).toMatchObject({ message: 'The build context api/main.go is a file.', hint: expect.stringContaining('`context: api`') });
    expect(await explain({ context: 'link' }, { kind: 'context' })).toMatchObject({ message: 'link is a link to gone, which does not exist.' });
    expect(await explain({ context: 'none' }, { kind: 'context' })).toEqual(generic);
    expect(await explain({ context: 'aip' }, { kind: 'context' })).toEqual({ ...generic, hint: 'Did you mean `context: api`?' });
    put('services/billing/main.go');
    expect(await explain({ context: './servcies/billing' }, { kind: 'context' })).toMatchObject({ hint: 'Did you mean `context: services/billing`?' });
    expect(await explain({ context: join(folder, 'servcies/biling') }, { kind: 'context' })).toEqual(generic);
    expect(await explain({ context: join(folder, 'services/biling') }, { kind: 'context' })).toMatchObject({ hint: `Did you mean \`context: ${folder}/services/billing\`?` });
    expect(explainBuildFailure('ERROR: failed to build: unable to prepare context: path "api/main.go" not found\n').missed).toEqual({ kind: 'context' });
  });
});

describe('a Dockerfile that the builder did not get', () => {
  const missed = { kind: 'dockerfile' } as const;

  it('is in the context, and `dockerfile` is relative to the workspace', async () => {
    put('services/api/Dockerfile.prod');
    expect(await explain({ context: 'services/api', dockerfile: 'Dockerfile.prod' }, missed)).toMatchObject({
      message: 'There is no Dockerfile.prod in the workspace: `dockerfile` is relative to the workspace, not to `context`.',
      hint: 'Did you mean `dockerfile: services/api/Dockerfile.prod`?',
    });
    expect(await explain({ context: 'services/api', dockerfile: 'Dockerfile.test' }, missed)).toMatchObject({ message: 'There is no Dockerfile.test in the workspace.' });
  });

  it('is in the context or relative to a folder above it, and has a slip in its name', async () => {
    put('services/web/build/Dockerfile.alpine');
    const meant = { hint: 'Did you mean `dockerfile: services/web/build/Dockerfile.alpine`?' };
    for (const dockerfile of ['build/Dockerfile.alpnie', 'web/build/Dockerfile.alpine']) {
      expect(await explain({ context: 'services/web', dockerfile }, missed)).toMatchObject({ message: `There is no ${dockerfile} in the workspace.`, ...meant });
    }
    expect(await explain({ context: join(folder, 'services/web'), dockerfile: 'gone/Dockerfile' }, missed)).toMatchObject({ hint: expect.stringContaining('Check `dockerfile`') });
  });

  it('is a link out of the folder that is sent', async () => {
    put('shared/Dockerfile');
    put('api/main.go');
    symlinkSync('../shared/Dockerfile', 'api/Dockerfile');
    for (const dockerfile of [undefined, 'api/Dockerfile']) {
      expect(await explain({ context: 'api', dockerfile }, missed)).toMatchObject({
        message: 'api/Dockerfile is a link to shared/Dockerfile, which is outside the folder that is sent to the builder.',
        hint: 'Name the file itself: `dockerfile: shared/Dockerfile`.',
      });
    }
  });

  it('is a link to nothing', async () => {
    symlinkSync('Dockerfile.gone', 'Dockerfile');
    for (const dockerfile of [undefined, 'Dockerfile']) {
      expect(await explain({ dockerfile }, missed)).toMatchObject({ message: 'Dockerfile is a link to Dockerfile.gone, which does not exist.', hint: expect.stringContaining('Fix the link') });
    }
  });

  it('is a folder: no file is suggested that is not there', async () => {
    put('Dockerfile/.keep');
    expect(await explain({}, missed)).toEqual({
      ...generic, message: 'Dockerfile is a folder, and not a Dockerfile.', hint: 'Set `dockerfile` to the Dockerfile itself. It is relative to the workspace.',
    });
    put('docker/Dockerfile');
    put('docker/Dockerfile.dockerignore');
    expect(await explain({ dockerfile: 'docker' }, missed)).toMatchObject({ message: 'docker is a folder, and not a Dockerfile.', hint: 'Did you mean `dockerfile: docker/Dockerfile`?' });
  });

  it('is misspelt, or has another name', async () => {
    put('docker/Dockerfile.prod');
    expect(await explain({ dockerfile: 'docker/Dockerfile.prdo' }, missed)).toMatchObject({
      message: 'There is no docker/Dockerfile.prdo in the workspace.', hint: 'Did you mean `dockerfile: docker/Dockerfile.prod`?',
    });
    expect(await explain({ dockerfile: 'dokcer/Dockerfile.prod' }, missed)).toMatchObject({ hint: 'Did you mean `dockerfile: docker/Dockerfile.prod`?' });
    expect(await explain({}, missed)).toMatchObject({ hint: 'Did you mean `dockerfile: docker/Dockerfile.prod`?' });
    put('docker/Dockerfile.test');
    expect(await explain({}, missed)).toMatchObject({ hint: expect.stringContaining('checked out') });
    put('dockerfile');
    expect(await explain({}, missed)).toMatchObject({ hint: 'Did you mean `dockerfile: dockerfile`?' });
  });

  it('is not there at all, or is called otherwise', async () => {
    put('api/main.go');
    expect(await explain({ context: 'api' }, missed)).toMatchObject({ message: 'There is no Dockerfile in the build context api.', hint: expect.stringContaining('checked out') });
    put('api/Containerfile');
    expect(await explain({ context: 'api' }, missed)).toMatchObject({ hint: 'Did you mean `dockerfile: api/Containerfile`?' });
    put('api/Dockerfile');
    expect(await explain({ context: 'api' }, missed)).toMatchObject({ message: 'The builder did not find api/Dockerfile, but it exists now.' });
  });

  it('is not looked for here when the context is elsewhere', async () => {
    expect(await explain({ context: 'https://github.com/acme/api.git' }, missed)).toEqual(generic);
  });
});

describe('a file that COPY does not find', () => {
  const copied = (path: string, instruction = `COPY ${path} /`) => ({ kind: 'copied', path, instruction, place: ' (Dockerfile:2)' } as const);

  it('is there, and left out by .dockerignore', async () => {
    put('api/app.jar');
    expect(await explain({ context: 'api' }, copied('/app.jar'))).toEqual(generic);
    put('api/.dockerignore', '*.jar');
    expect(await explain({ context: 'api' }, copied('/app.jar'))).toMatchObject({
      message: 'app.jar is in the folder of the build context but was not sent to the builder (Dockerfile:2).', hint: 'Check that api/.dockerignore does not exclude it.',
    });
    put('api/Dockerfile.dockerignore', '*.jar');
    expect(await explain({ context: 'api' }, copied('/app.jar'))).toMatchObject({ hint: 'Check that api/Dockerfile.dockerignore does not exclude it.' });
  });

  it('is a link out of the context', async () => {
    put('shared/config');
    put('api/main.go');
    symlinkSync('../shared/config', 'api/config');
    symlinkSync('../shared', 'api/lib');
    expect(await explain({ context: 'api' }, copied('/config'))).toMatchObject({ message: 'config is a link to shared/config, which is outside the build context (Dockerfile:2).' });
    expect(await explain({ context: 'api' }, copied('/lib/config'))).toMatchObject({ message: expect.stringContaining('lib/config is a link to shared/config') });
  });

  it('is above the context, or not there', async () => {
    put('x');
    put('api/main.go');
    expect(await explain({ context: 'api' }, copied('/x', 'COPY ../x /'))).toMatchObject({ message: generic.message, hint: expect.stringMatching(/^`\.\.` cannot leave the build context/) });
    expect(await explain({ context: 'api' }, copied('/y'))).toEqual(generic);
  });
});

describe('an image whose line the builder does not show', () => {
  const missed = { kind: 'image', image: 'docker.io/library/tools:1', reason: 'not found: not found', noPlatform: false } as const;

  it('is looked for in the Dockerfile', async () => {
    put('Dockerfile', 'FROM scratch\nCOPY x /\nRUN --network=none \\\n  --mount=type=bind,from=tools:1,target=/t \\\n  make\n');
    expect(await explain({}, missed)).toMatchObject({ message: 'The image docker.io/library/tools:1 of `RUN --mount` does not exist (Dockerfile:3).' });
    put('Dockerfile', 'FROM tools:1\nRUN --mount=type=bind,from=tools:1,target=/t make\n');
    expect(await explain({}, missed)).toEqual(generic);
    rmSync('Dockerfile');
    expect(await explain({}, missed)).toEqual(generic);
  });

  it('may be the one that the settings name', async () => {
    put('Dockerfile', 'FROM scratch\n');
    expect(await explain({ buildArgs: { BUILDKIT_SYNTAX: 'docker.io/library/tools:1' } }, missed)).toMatchObject({
      message: 'The image docker.io/library/tools:1 of the build argument BUILDKIT_SYNTAX does not exist.', hint: 'Check its name and tag in `build-args`.',
    });
    expect(await explain({ buildArgs: { BUILDKIT_SYNTAX: 'docker.io/library/tools:1' } }, { ...missed, noPlatform: true })).toMatchObject({ cause: 'platform-unsupported' });
  });

  it('is only handed on when there is no line', () => {
    const failure = explainBuildFailure('ERROR: failed to build: failed to solve: r/a:1: failed to resolve source metadata for r/a:1: r/a:1: not found\n');
    expect(failure.missed).toEqual({ kind: 'image', image: 'r/a:1', reason: 'r/a:1: not found', noPlatform: false });
  });
});
