import { isSuccess, verdicts, verdictTable, type Verdict } from '../../outcome/verdict.js';
import { actionNames } from '../../outcome/action.js';
import { list } from '../kit/list.js';
import { repeated } from '../kit/faults.js';
import { word } from '../kit/text.js';

/** Words for several verdicts. `recovery` depends on the run before as well. */
export const occasionGroups = ['critical', 'warning', 'failure', 'recovery', 'success', 'always'] as const;

/** The ends of a run of which someone is notified: a verdict, or a word for several. Of a dry run, nobody is. */
export type Occasion = (typeof occasionGroups)[number] | Exclude<Verdict, 'planned'>;

/** Verdicts of the actions that exist. */
const possible = verdicts.filter((verdict): verdict is Exclude<Verdict, 'planned'> =>
  verdict !== 'planned' && verdictTable[verdict].actions.some((action) => actionNames.some((name) => name === action)));
const failures = possible.filter((verdict) => !isSuccess(verdict));

const of = (words: readonly Occasion[]) => list(word(words), { expects: 'a list of verdicts or words for several', separator: ',', check: repeated((each) => each) });

export const occasions = of([...occasionGroups, ...possible]);
/** Those that open an alert. What resolves it cannot be chosen. */
export const alertOccasions = of(['critical', 'warning', 'failure', ...failures]);
