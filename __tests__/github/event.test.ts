import { describe, expect, it } from '@jest/globals';
import { readEvent } from '../../src/github/event.js';

const [head, base] = ['a'.repeat(40), 'b'.repeat(40)];
const repo = (full_name: string) => ({ full_name });
const pull = (from: unknown, more: object = {}) => ({ number: 7, pull_request: { number: 7, title: '<!-- @team', head: { sha: head, repo: from }, base: { sha: base, repo: repo('acme/api') }, ...more } });
const read = (name: string, event: unknown) => readEvent({ readText: async () => (event === undefined ? undefined : typeof event === 'string' ? event : JSON.stringify(event)) }, name, '/event.json');
const pullRequest = { number: 7, head, base };

describe('an event', () => {
  it.each<[string, unknown, unknown]>([
    ['pull_request', pull(repo('acme/api')), { pullRequest, origin: 'own', isPrivileged: false }],
    ['pull_request', pull(repo('Acme/API')), { pullRequest, origin: 'own', isPrivileged: false }],
    ['pull_request', pull(repo('mallory/api')), { pullRequest, origin: 'fork', isPrivileged: false }],
    // The fork was deleted.
    ['pull_request', pull(null), { pullRequest, origin: 'fork', isPrivileged: false }],
    ['pull_request_review', pull(repo('acme/api')), { pullRequest, origin: 'own', isPrivileged: false }],
    ['pull_request_target', pull(repo('mallory/api')), { pullRequest, origin: 'fork', isPrivileged: true }],
    ['workflow_run', { workflow_run: { head_repository: repo('mallory/api') }, repository: repo('acme/api') }, { origin: 'fork', isPrivileged: true }],
    ['workflow_run', { workflow_run: { head_repository: repo('acme/api') }, repository: repo('acme/api') }, { origin: 'own', isPrivileged: true }],
    ['push', undefined, { origin: 'own', isPrivileged: false }],
    ['merge_group', 'no JSON', { origin: 'own', isPrivileged: false }],
    ['', undefined, { origin: 'own', isPrivileged: false }],
    ['issue_comment', { issue: { number: 7 } }, { origin: 'fork', isPrivileged: true }],
    ['repository_dispatch', undefined, { origin: 'fork', isPrivileged: true }],
  ])('%s', async (name, event, expected) => expect(await read(name, event)).toEqual(expected));

  it.each<[string, unknown, string]>([
    ['is missing', undefined, 'The event pull_request cannot be read: there is no file /event.json'],
    ['is no JSON', '{', 'The event pull_request is truncated JSON'],
    ['lacks the pull request', {}, 'The event pull_request lacks pull_request'],
    ['names something else than a commit', pull(repo('acme/api'), { head: { sha: '--upload-pack=x', repo: null } }), 'The event pull_request must have text that matches'],
  ])('of a pull request that %s is an error, as it is not known whose code it is', async (_, event, message) => {
    await expect(read('pull_request', event)).rejects.toThrow(message);
  });
});
