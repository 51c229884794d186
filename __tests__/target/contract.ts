import { afterEach, beforeEach, describe } from '@jest/globals';
import { describeChanges, describeProposals, describeUndo } from './contract/changes.js';
import { describeInterference, describeKilled } from './contract/disturbed.js';
import type { Make, Place } from './contract/place.js';

export type { Place, Process } from './contract/place.js';

/*
 * What holds for every kind of target, whatever it deploys to. A kind is tested by it when its test calls `describeTarget`
 * with a place of its own; what is particular to the kind has tests of its own beside it.
 */

/** Every kind of target passes this. @param make a new place for each test, with `before` deployed and healthy */
export function describeTarget(name: string, make: Make): void {
  describe(`${name} keeps the contract of a target`, () => {
    let place: Place;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(() => place.close());

    describeProposals(() => place);
    describeChanges(() => place);
    describeUndo(() => place);
    describeKilled(make);
    describeInterference(make);
  });
}
