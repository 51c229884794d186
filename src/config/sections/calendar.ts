import { section } from '../setting.js';
import { periods } from '../values/periods.js';
import { reason } from '../values/reason.js';

/** What restores a release that was good is not held up by the calendar: that is when it is needed most. */
export const calendar = section('Calendar', ['deploy', 'rollout'], {
  'freeze': {
    description: 'Periods in which nothing is rolled out, one per line: `Fri 16:00 – Mon 08:00 Europe/Paris`, `Mon–Fri 11:30–13:30 Europe/Paris`, `22:00–06:00 UTC`.',
    examples: [['Fri 16:00 – Mon 08:00 Europe/Paris']],
    kind: periods,
  },
  'windows': {
    description: 'When there are any: the only periods in which something is rolled out, one per line, written as those of `freeze`, which wins where both hold.',
    examples: [['Sun 02:00–04:00 UTC']],
    kind: periods,
  },
  'freeze-override': {
    inFile: false,
    description: 'Why this run does not wait for the end of `freeze` or the next of `windows`, in a few words. It is recorded with the release.',
    examples: ['INC-1234: the checkout is down'],
    kind: reason,
  },
});
