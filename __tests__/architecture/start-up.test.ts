import { describe, expect, it } from '@jest/globals';
import { files } from './source-files.js';

/** What no run needs before its first stage: packages may be in a chunk of the bundle that is loaded then, parts of Node are loaded at their first use. */
const lazyPackages = [
  '@actions/github/lib/utils', '@aws-sdk/client-s3', 'age-encryption', '@octokit/plugin-retry', '@octokit/plugin-throttling', '@opentelemetry/api', '@opentelemetry/otlp-transformer', 'nodemailer', 'valibot', 'yaml',
  'node:child_process', 'node:http', 'node:https', 'node:perf_hooks', 'node:tls', 'node:zlib',
];

/** Everything that is loaded with a file, each with the file that asks for it. Files of src/ as `room/file.ts`, packages by name. */
function loadedAtStart(entry: string): ReadonlyMap<string, string> {
  const loadedWith = new Map(files.map(({ name, loaded }) => [name, loaded.map((path) => (path.replace(/\.js$/, '.ts')))]));
  const found = new Map([[entry, '']]);
  for (const [name] of found) for (const next of loadedWith.get(name) ?? []) if (!found.has(next)) found.set(next, name);
  return found;
}

describe('before the first stage of a run', () => {
  const loaded = loadedAtStart('entry/main.ts');

  it('settings are read', () => expect(loaded.has('config/parse.ts')).toBe(true));

  it('nothing of src/github is loaded, and no client of its API', () => {
    expect([...loaded.keys()].filter((name) => /^(?:github|host\/github-)/.test(name))).toEqual([]);
  });

  it.each(lazyPackages)('%s is not loaded', (name) => {
    const chain = (file: string): string => (file === '' ? '' : `${chain(loaded.get(file) ?? '')} > ${file}`);
    expect(loaded.has(name) ? chain(name) : '').toBe('');
  });

  it('nothing is loaded for a trace but what says whether one is wanted', () => {
    expect([...loaded.keys()].filter((name) => name.startsWith('telemetry/'))).toEqual(['telemetry/wanted.ts']);
  });
});

describe('a run that notifies nobody', () => {
  it.each(['entry/main.ts', 'entry/terminal.ts', 'entry/finish-release.ts'])('loads nothing of src/notify by %s', (entry) => {
    expect([...loadedAtStart(entry).keys()].filter((name) => name.startsWith('notify/') || name === 'nodemailer')).toEqual([]);
  });
});

it('no run loads texts that are for the documentation alone', () => {
  expect(files.some(({ name }) => name === 'policy/rule-texts.ts')).toBe(true);
  expect(files.filter(({ loaded }) => loaded.includes('policy/rule-texts.js')).map(({ name }) => name)).toEqual([]);
});

it('no literal is a pattern with classes of Unicode, which V8 would make in every run', () => {
  const literals = files.filter(({ code }) => /\/[^/\n']*\\p\{[^/\n']*\/[a-z]*[uv]/.test(code)).map(({ name }) => name);
  expect(literals).toEqual([]);
});

describe('before a post step knows that it has something to finish', () => {
  const loaded = [...loadedAtStart('entry/post.ts').keys()];

  it.each(['config', 'image', 'report', 'target'])('nothing of src/%s is loaded', (room) => {
    expect(loaded.filter((name) => name.startsWith(`${room}/`))).toEqual([]);
  });
});
