import { describe, expect, it } from '@jest/globals';
import { stillUnderWay } from '../../src/workflow/undo-or-leave.js';
import { run } from './runs.js';
import type { Undone } from '../../src/target/target.js';

describe('a change that was sent and not answered', () => {
  const undone: Undone = { result: 'untouched', notes: ['Nothing was there to be put back.'], evidence: [], untouched: ['deployment/api'] };
  it.each([
    ['auto', 'It is then rolled back.'],
    ['off', 'It then stays, because `rollback` is off.'],
  ] as const)('is no end yet, with rollback: %s', (rollback, words) => {
    expect(stillUnderWay(run({ rollback }), undone)).toEqual({
      ...undone, result: 'failed', notes: [...undone.notes, `The change was sent but not answered, so it may still be made. ${words}`],
    });
  });
});
