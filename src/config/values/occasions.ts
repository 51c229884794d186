import { isSuccess, verdicts, verdictTable, type Verdict } from '../../outcome/verdict.js';
import { actionNames } from '../../outcome/action.js';
import { list } from '../kit/list.js';
import { repeated } from '../kit/faults.js';
import { word } from '../kit/text.js';

/** Words for several verdicts. `recovery` depends on the run before as well. */
export const occasionGroups = ['critical', 'warning', 'failure', 'recovery', 'success', 'always'] as const;

/** Of a dry run and of the check of a pull request, nobody is notified: they change nothing. */
type Silent = 'planned' | 'checked';

/** The ends of a run of which someone is notified: a verdict, or a word for several. */
export type Occasion = (typeof occasionGroups)[number] | Exclude<Verdict, Silent>;

/** Verdicts of the actions that exist. */
const possible = verdicts.filter((verdict): verdict is Exclude<Verdict, Silent> =>
  verdict !== 'planned' && verdict !== 'checked' && verdictTable[verdict].actions.some((action) => actionNames.some((name) => name === action)));
const failures = possible.filter((verdict) => !isSuccess(verdict));

const of = (words: readonly Occasion[]) => list(word(words), { expects: 'a list of verdicts or words for several', separator: ',', check: repeated((each) => each) });

export const occasions = of([...occasionGroups, ...possible]);
/** Those that open an alert. What resolves it cannot be chosen. */
export const alertOccasions = of(['critical', 'warning', 'failure', ...failures]);
