import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { messagesOf } from '../../scripts/generate/messages.mjs';
import { files, root, type SourceFile } from './source-files.js';

/** The arrows `a --> b` of the picture in CONTRIBUTING.md. */
function drawnArrows(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const picture = /```mermaid\n(flowchart[\s\S]*?)```/.exec(text)?.[1] ?? '';
  const arrows = new Map<string, string[]>();
  for (const [, from = '', targets = ''] of picture.matchAll(/^\s*(\w+) --> (.+)$/gm)) {
    arrows.set(from, [...arrows.get(from) ?? [], ...targets.split('&').map((target) => target.trim())]);
  }
  return arrows;
}

const arrows = drawnArrows();
const rooms = [...new Set(files.map(({ room }) => room))].sort();

/** The rooms that can be reached from one by following the arrows. */
function below(room: string, seen = new Set<string>()): ReadonlySet<string> {
  for (const next of arrows.get(room) ?? []) {
    if (seen.has(next)) continue;
    seen.add(next);
    below(next, seen);
  }
  return seen;
}

const inRoom = (path: string): string | undefined => rooms.find((room) => path.startsWith(`${room}/`));
const namesOf = (list: readonly SourceFile[]): readonly string[] => list.map(({ name }) => name);

describe('the picture in CONTRIBUTING.md', () => {
  it('shows every folder of src/, and no other', () => {
    expect([...new Set([...arrows.keys(), ...[...arrows.values()].flat()])].sort()).toEqual(rooms);
  });

  it('has no way round', () => {
    expect(rooms.filter((room) => below(room).has(room))).toEqual([]);
  });

  it.each(rooms)('is true of the imports in src/%s', (room) => {
    const allowed = below(room);
    const against = files.filter((file) => file.room === room).flatMap((file) => file.imports
      .filter((path) => inRoom(path) !== undefined && inRoom(path) !== room && !allowed.has(inRoom(path) ?? ''))
      .map((path) => `${file.name} imports ${path}`));
    expect(against).toEqual([]);
  });

  it('has no arrow that no import uses', () => {
    const used = (from: string, to: string) => files.some((file) => file.room === from && file.imports.some((path) => inRoom(path) === to));
    expect([...arrows].flatMap(([from, targets]) => targets.filter((to) => !used(from, to)).map((to) => `${from} --> ${to}`))).toEqual([]);
  });
});

describe('the engine', () => {
  // Whatever differs between kinds of targets is behind src/target/target.ts.
  it('knows no kind of target', () => {
    const kinds = /^target\/[^/]+\//;
    expect(files.filter(({ room }) => room === 'workflow').flatMap((file) => file.imports.filter((path) => kinds.test(path)).map((path) => `${file.name} imports ${path}`))).toEqual([]);
  });
});

describe('the folders of kubernetes', () => {
  it('are evaluated from above: what is observed does not depend on how it is judged', () => {
    const above = files.filter(({ name }) => name.startsWith('kubernetes/observe/')).flatMap((file) => file.imports.filter((path) => path.startsWith('kubernetes/judge/')).map((path) => `${file.name} imports ${path}`));
    expect(above).toEqual([]);
  });
});

describe('the messages of the engine', () => {
  // What a kind of target calls what it deploys is in its `words`; image-facts.ts and image-stages.ts are about the image that is built.
  it('speak of no images and no workloads', () => {
    const own = files.filter(({ room, name }) => (['workflow', 'record'].includes(room) && !/image-(?:facts|stages)\.ts$/.test(name)) || name === 'report/rollback.ts');
    const messages = own.flatMap(({ name, code }) => messagesOf(name, code).map(({ text }) => `${name}: ${text}`));
    expect(messages.length).toBeGreaterThan(20);
    expect(messages.filter((message) => /\b(?:images?|workloads?|containers?|pods?)\b/i.test(message.replace(/\{[^{}]*\}/g, '')))).toEqual([]);
  });
});

describe('the outside world', () => {
  it('imports exist under their whole name', () => {
    const known = new Set(files.map(({ name }) => name.replace(/\.ts$/, '.js')));
    const missing = files.flatMap((file) => file.imports.filter((path) => inRoom(path) && !known.has(path)).map((path) => `${file.name}: ${path}`));
    expect(missing).toEqual([]);
  });

  it('built-in modules that reach it are imported by host alone', () => {
    const harmless = ['crypto', 'events', 'path', 'stream', 'util', 'zlib'];
    const reaching = files.filter(({ room }) => room !== 'host').flatMap(({ name, imports }) => imports
      .filter((path) => isBuiltin(path) && !harmless.includes(path.replace(/^node:/, '')))
      .map((path) => `${name} imports ${path}`));
    expect(reaching).toEqual([]);
  });

  it.each<[string, RegExp, readonly string[]]>([
    ['loads built-in modules without an import', /\bgetBuiltinModule\b|\brequire\(/, ['host']],
    // One place, which takes the action's own variables out of the environment of every program.
    ['starts programs', /['"](node:)?(child_process|worker_threads)['"]/, ['host/process.ts', 'host/pipe.ts']],
    // Who names one hands it to a program on purpose: buildx for the cache of GitHub; the test gate and credential plugins for the token of the job.
    ['names a token of the runner, which programs do not get', /['"`]ACTIONS_/, ['host', 'image/build.ts', 'ports/job-identity.ts']],
    ['prints', /\bconsole\.|\bprocess\.(stdout|stderr)\b/, ['host', 'entry']],
    ['reads the environment', /\bprocess\.env\b/, ['host', 'entry']],
    ['looks at the machine', /\bprocess\.(arch|platform|cwd|version|versions|pid|memoryUsage|uptime)\b/, ['host']],
    ['ends the process', /\bprocess\.(exit\(|exitCode\b)/, ['entry']],
    ['listens to signals', /\bprocess\.(on|once)\(/, ['host', 'entry']],
    ['asks for the time', /\bDate\.now\(|\bperformance\.now\(|\bprocess\.hrtime\b|\bnew Date\(\)/, ['host']],
    // What goes out elsewhere would take no proxy, and know no limits.
    ['makes connections', /\bfetch\(|\bnew (WebSocket|EventSource)\(/, ['host']],
    // Where a comment says why there is no shape to check it against; everything else is read by `readJson`.
    ['parses JSON', /\bJSON\.parse\(/, ['ports/json.ts', 'config/secrets.ts', 'host/runner.ts', 'target/set-image/resolve.ts']],
    // On a clock that no test can move.
    ['waits', /\bset(Timeout|Interval|Immediate)\b|\bAbortSignal\.timeout\b/, ['host']],
  ])('only its rooms: who %s', (_, sign, allowed) => {
    expect(namesOf(files.filter((file) => !allowed.includes(file.room) && !allowed.includes(file.name) && sign.test(file.code)))).toEqual([]);
  });
});
