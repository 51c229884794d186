import { section } from '../setting.js';
import { periods } from '../values/periods.js';
import { reasonOf } from '../values/reason.js';

/** The rollback action ignores the calendar: restoring a good release must always be possible. */
export const calendar = section('Calendar', ['deploy', 'rollout', 'pr-check'], {
  'freeze': {
    description: 'Periods in which no rollout is allowed, one per line: `Fri 16:00 – Mon 08:00 Europe/Paris`, `Mon–Fri 11:30–13:30 Europe/Paris`, `22:00–06:00 UTC`.',
    examples: [['Fri 16:00 – Mon 08:00 Europe/Paris']],
    kind: periods,
  },
  'windows': {
    description: 'The only periods in which a rollout is allowed, one per line, in the format of `freeze`. `freeze` wins where both apply.',
    examples: [['Sun 02:00–04:00 UTC']],
    kind: periods,
  },
  'freeze-override': {
    actions: ['deploy', 'rollout'], inFile: false,
    description: 'Reason for deploying during a `freeze` or outside the `windows`, in a few words. It is recorded with the release.',
    examples: ['INC-1234: the checkout is down'],
    kind: reasonOf('Explain in a few words why it cannot wait, e.g. "INC-1234: the checkout is down".'),
  },
});
