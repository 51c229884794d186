import { describe, expect, it } from '@jest/globals';
import type { NotifyTarget } from '../../src/config/config.js';
import { followersOf } from '../../src/entry/listeners.js';
import { run } from '../workflow/runs.js';

const slack: NotifyTarget = { service: 'slack', name: 'Slack', url: 'https://a.example/', on: ['failure'] };
const names = (...changes: Parameters<typeof run>): readonly string[] => followersOf(run(...changes)).map(({ name }) => name);

describe('what follows a run', () => {
  it('is nothing unless its settings ask for it', () => expect(names()).toEqual([]));
  it('are notifications, but not in a dry run', async () => {
    expect([names({ notify: [slack] }), names({ notify: [slack], dryRun: true })]).toEqual([['Notifications'], []]);
    expect(await followersOf(run({ notify: [slack] }))[0]?.load()).toMatchObject({ name: 'Notifications' });
  });
});
