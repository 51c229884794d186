import { describe, expect, it } from '@jest/globals';
import { writeComment, type Wanted } from '../../src/github/comment.js';
import { keyOf, markIn, markText, type Mark } from '../../src/github/mark.js';
import { MemoryGitHub, refusal } from './memory-github.js';

const [head, newer] = ['a'.repeat(40), 'b'.repeat(40)];
const key = keyOf(['.github/deploy.yml']);
const { signal } = new AbortController();
const wanted = (words: string, mark: Partial<Mark> = {}): Wanted => {
  const whole = { key, head, at: 1000, ...mark };
  return { owner: 'acme', repo: 'api', number: 7, mark: whole, text: `${markText(whole)}\n${words}`, signal };
};
const bodies = (github: MemoryGitHub): readonly string[] => github.comments.map(({ body }) => body.replace(/<!--.*-->\n/, ''));
const post = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
const patch = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}';
const list = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
const pull = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';

describe('the comment of a pull request', () => {
  it('is created, and updated by the next run', async () => {
    const github = new MemoryGitHub();
    github.add('hello');
    expect(await writeComment(github, wanted('one'))).toEqual({ state: 'created', url: 'https://github.example/c/102' });
    expect(await writeComment(github, wanted('two', { at: 2000 }))).toEqual({ state: 'updated', url: 'https://github.example/c/102' });
    expect(bodies(github)).toEqual(['hello', 'two']);
  });
  it('is found after someone has edited it', async () => {
    const github = new MemoryGitHub();
    await writeComment(github, wanted('one'));
    for (const comment of github.comments) comment.body = `Look at this!\r\n\r\n${comment.body}\r\nand this`;
    await writeComment(github, wanted('two', { at: 2000 }));
    expect(bodies(github)).toEqual(['two']);
  });
  it('is found among more than 300', async () => {
    const github = new MemoryGitHub();
    for (let index = 0; index < 320; index += 1) github.add(`comment ${index}`);
    await writeComment(github, wanted('one'));
    await writeComment(github, wanted('two', { at: 2000 }));
    expect(bodies(github).slice(319)).toEqual(['comment 319', 'two']);
    expect(github.calls.filter((call) => call === list)).toHaveLength(4 + 4 + 4);
  });
  it('is recreated after someone has deleted it, also while it is updated', async () => {
    const github = new MemoryGitHub();
    await writeComment(github, wanted('one'));
    github.comments.length = 0;
    expect(await writeComment(github, wanted('two', { at: 2000 }))).toMatchObject({ state: 'created' });
    github.before = (call) => { if (call === patch) github.comments.length = 0; };
    expect(await writeComment(github, wanted('three', { at: 3000 }))).toMatchObject({ state: 'created' });
    expect(bodies(github)).toEqual(['three']);
  });
  it('is one for each key', async () => {
    const github = new MemoryGitHub();
    await writeComment(github, wanted('one'));
    await writeComment(github, wanted('other', { key: keyOf(['other']) }));
    expect(bodies(github)).toEqual(['one', 'other']);
  });
  it('is not one of a stranger with the same mark', async () => {
    const github = new MemoryGitHub();
    github.add(wanted('forged', { at: 9999 }).text, { user: { type: 'User' }, author_association: 'CONTRIBUTOR' });
    await writeComment(github, wanted('one'));
    expect(bodies(github)).toEqual(['forged', 'one']);
  });
  it('may be one of a member, whose token the workflow uses', async () => {
    const github = new MemoryGitHub();
    github.add(wanted('old', { at: 1 }).text, { user: { type: 'User' }, author_association: 'MEMBER' });
    await writeComment(github, wanted('new'));
    expect(bodies(github)).toEqual(['new']);
  });
});

describe('nothing is written', () => {
  it('to a pull request that is closed', async () => {
    const github = new MemoryGitHub();
    github.pull = { ...github.pull, state: 'closed' };
    expect(await writeComment(github, wanted('one'))).toEqual({ state: 'left', why: 'the pull request is closed', url: undefined });
    expect(github.comments).toEqual([]);
  });
  it('over the result of a newer commit', async () => {
    const github = new MemoryGitHub();
    await writeComment(github, wanted('one'));
    github.pull = { state: 'open', head: { sha: newer } };
    await writeComment(github, wanted('newer', { head: newer, at: 2000 }));
    expect(await writeComment(github, wanted('late', { at: 3000 }))).toMatchObject({ state: 'left', why: expect.stringContaining('newer commit'), url: 'https://github.example/c/101' });
    expect(bodies(github)).toEqual(['newer']);
  });
  it('over that of a later run for the same commit', async () => {
    const github = new MemoryGitHub();
    await writeComment(github, wanted('later', { at: 2000 }));
    expect(await writeComment(github, wanted('earlier', { at: 1000 }))).toMatchObject({ state: 'left', why: expect.stringContaining('later run') });
    expect(bodies(github)).toEqual(['later']);
  });
  it('if the pull request is closed while the comments are read', async () => {
    const github = new MemoryGitHub();
    github.before = (call) => { if (call === list) github.pull = { ...github.pull, state: 'closed' }; };
    expect(await writeComment(github, wanted('one'))).toMatchObject({ state: 'left' });
    expect(github.comments).toEqual([]);
  });
});

describe('two runs at the same time', () => {
  /** Both have looked before either writes. */
  const together = async (github: MemoryGitHub, ...all: readonly Wanted[]) => {
    let waiting = all.length;
    const open: (() => void)[] = [];
    github.before = (call) => (call !== post ? undefined : new Promise<void>((resolve) => {
      open.push(resolve);
      if ((waiting -= 1) === 0) for (const each of open) each();
    }));
    return Promise.all(all.map((each) => writeComment(github, each)));
  };

  it('leave one comment, with the result of the later one', async () => {
    const github = new MemoryGitHub();
    const results = await together(github, wanted('first', { at: 1000 }), wanted('second', { at: 2000 }));
    expect(bodies(github)).toEqual(['second']);
    expect(new Set(results.map(({ url }) => url)).size).toBe(1);
  });
  it('also if the later one creates its comment first', async () => {
    const github = new MemoryGitHub();
    await together(github, wanted('second', { at: 2000 }), wanted('first', { at: 1000 }));
    expect(bodies(github)).toEqual(['second']);
  });
  it('also if one is for an older commit', async () => {
    const github = new MemoryGitHub();
    github.pull = { state: 'open', head: { sha: newer } };
    // It had looked before the commit was pushed.
    const late: MemoryGitHub = Object.create(github) as MemoryGitHub;
    let looked = 0;
    late.send = (request) => (request.route === pull && (looked += 1) === 1 ? Promise.resolve({ state: 'open', head: { sha: head } }) : github.send(request));
    await writeComment(github, wanted('newer', { head: newer, at: 2000 }));
    const [comment] = github.comments;
    let hides = true;
    late.pages = async function * pages(request) {
      if (hides) yield [];
      else yield * github.pages(request);
      hides = false;
    };
    expect(await writeComment(late, wanted('older', { at: 3000 }))).toMatchObject({ state: 'left' });
    expect(github.comments).toEqual([comment]);
    expect(bodies(github)).toEqual(['newer']);
  });
});

describe('an error', () => {
  it.each([refusal(403, 'denied'), refusal(422, 'invalid'), refusal(429, 'limited')])('of GitHub is thrown: %s', async (error) => {
    const github = new MemoryGitHub();
    github.failing = (call) => (call === post ? error : undefined);
    await expect(writeComment(github, wanted('one'))).rejects.toBe(error);
    expect(github.comments).toEqual([]);
  });
  it('after which it is not known whether the comment was created makes no second one', async () => {
    const github = new MemoryGitHub();
    let times = 0;
    github.failing = (call) => (call === post && (times += 1) === 1 ? 'lost' : undefined);
    expect(await writeComment(github, wanted('one'))).toMatchObject({ state: 'created' });
    expect(bodies(github)).toEqual(['one']);
  });
  it('after which it was not created is followed by one more attempt', async () => {
    const github = new MemoryGitHub();
    let times = 0;
    github.failing = (call) => (call === post && (times += 1) === 1 ? refusal(502, 'unavailable') : undefined);
    expect(await writeComment(github, wanted('one'))).toMatchObject({ state: 'created' });
    github.failing = () => refusal(502, 'unavailable');
    await expect(writeComment(github, wanted('two'))).rejects.toMatchObject({ trouble: 'unavailable' });
  });
  it('after the comment is written is none of it', async () => {
    const github = new MemoryGitHub();
    let lists = 0;
    github.failing = (call) => (call === list && (lists += 1) === 2 ? refusal(502, 'unavailable') : undefined);
    expect(await writeComment(github, wanted('one'))).toMatchObject({ state: 'created' });
  });
  it('by which the run is cancelled ends it', async () => {
    const [github, over] = [new MemoryGitHub(), new AbortController()];
    github.before = (call) => { if (call === post) over.abort(new Error('stop')); };
    await expect(writeComment(github, { ...wanted('one'), signal: over.signal })).rejects.toThrow('stop');
  });
});

describe('the mark', () => {
  it('is read as it was written, wherever it is', () => {
    const mark = { key, head, at: 1_767_225_600_000 };
    expect(markIn(`a\n${markText(mark)}b`, key)).toEqual(mark);
    expect(markText(mark)).toBe(`<!-- deploy-action pr-check ${key} head=${head} at=1767225600000 -->`);
  });
  it.each(['', '<!-- deploy-action pr-check -->', `<!-- deploy-action pr-check ${key} head=x at=1 -->`, markText({ key: keyOf([]), head, at: 1 })])('is not in %j', (text) => expect(markIn(text, key)).toBeUndefined());
  it('has another key for other parts', () => {
    expect(new Set([keyOf([]), keyOf(['a']), keyOf(['a', '']), keyOf(['', 'a']), keyOf(['a,'])]).size).toBe(5);
    expect(keyOf(['-->'])).toMatch(/^[0-9a-f]{16}$/);
  });
});
