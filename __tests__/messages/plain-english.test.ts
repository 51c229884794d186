import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { faultsIn, proseOf, wordings } from './plain-english.js';

const root = new URL('../..', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The pages that are in English. */
const pagesBelow = (folder: string): readonly string[] => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md') && !/first-deployment\/(?!en)/.test(join(folder, path))).map((path) => join(folder, path)).sort();

/** `file:line: "words": what to write instead`, for each fault. */
const faultsOf = (path: string, lines: readonly { readonly line: number; readonly text: string }[]): readonly string[] =>
  lines.flatMap(({ line, text }) => faultsIn(text).map(({ found, instead }) => `${path}:${line}: "${found}": write ${instead}`));

/** Of all messages in the generated table. Only files with faults are parsed, for the line: parsing all of them takes seconds. */
async function faultsInMessages(): Promise<readonly string[]> {
  const files = read('__tests__/messages/messages.txt').split('\n\n').filter((part) => faultsIn(part).length > 0).map((part) => part.split('\n')[0] ?? '');
  if (files.length === 0) return [];
  const { messagesOf } = await import('../../scripts/generate/messages.mjs');
  return files.flatMap((path) => faultsOf(path, messagesOf(path, read(path))));
}

const pages = [
  'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'build/README.md', 'rollout/README.md', 'rollback/README.md',
  ...pagesBelow('docs'), ...pagesBelow('examples'),
];

describe('plain English', () => {
  it('is what all messages are written in', async () => expect(await faultsInMessages()).toEqual([]));
  it('is what the documentation is written in', () => expect(pages.flatMap((path) => faultsOf(path, proseOf(read(path))))).toEqual([]));
});

describe('the list of wordings', () => {
  it.each([
    ['The nodes may not pull the image.', 'may not'],
    ['The account may read Secrets.', 'may read'],
    ['Mend the tests.', 'Mend'],
    ['The old image was put back.', 'put back'],
    ['A rollback brings code back.', 'brings code back'],
    ['There is nothing to go back to.', 'go back'],
    ['The previous version is back.', 'is back'],
    ['the last release that was proven good', 'proven'],
    ['It waits for ever.', 'for ever'],
    ['The pod is made anew.', 'anew'],
    ['The rollout begins.', 'begins'],
    ['The pod answers wrongly.', 'wrongly'],
    ['so that it works', 'so that'],
    ['The ledger could not be told.', 'told'],
    ['The pods are asked.', 'asked'],
    ['that there is none', 'there is none'],
    ['the value that stands in the file', 'stands'],
    ['when it has settled', 'settled'],
    ['The Deployment is held.', 'is held'],
    ['a check that held before', 'held before'],
    ['a pod on its way out', 'on its way out'],
    ['a run that died', 'died'],
    ['The container ended twice.', 'ended twice'],
    ['whoever deploys', 'whoever'],
    ['Somebody changed it.', 'Somebody'],
    ['This needs a person now.', 'needs a person'],
    ['This is a defect of the action.', 'defect'],
    ['It was superseded.', 'superseded'],
    ['What was there before is restored.', 'What was there'],
    ['a change that is under way', 'under way'],
    ['a dead run', 'dead run'],
    ['kubectl is let come to its end.', 'let come'],
  ])('knows "%s"', (text, found) => expect(faultsIn(text).map((fault) => fault.found)).toContain(found));

  it.each([
    'The cause is `superseded`, and `prove-first` is `true`.',
    'It may take a minute.',
    'The image {held} could not be pulled from {asked.registry}.',
    'The Lease is held by run 12.',
    'held back by its scheduling gates',
    'See https://example.com/what-is-there/begin for the rules.',
    'See [the table](#what-is-waited-for-and-asked).',
    'a feedback, a backup and the backend',
    'He understands the standard output, and the outstanding requests.',
    'A run was not started, because another run is in progress.',
  ])('lets pass "%s"', (text) => expect(faultsIn(text)).toEqual([]));

  it('says for each wording what to write instead', () => expect(wordings.filter(({ instead }) => instead === '')).toEqual([]));

  it('is applied to prose and diagrams, and not to code', () => {
    expect(proseOf('one\n```sh\ntwo\n```\nthree\n```mermaid\nfour\n```\nfive').map(({ line, text }) => `${line} ${text}`)).toEqual(['1 one', '5 three', '7 four', '9 five']);
  });
});
