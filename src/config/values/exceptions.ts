import { bad, good, quote, type Checked } from '../kit/checked.js';
import { convert, type Out } from '../kit/kind.js';
import { list } from '../kit/list.js';
import { object } from '../kit/object.js';
import { line } from '../kit/text.js';
import { calendarDate } from './calendar-date.js';
import { parseRuleName, policyRuleNames, type PolicyRuleName } from './policy-rules.js';
import { reasonOf } from './reason.js';

/** The rule that reports exceptions themselves cannot have any: they would hide each other. */
function parseExcepted(text: string): Checked<PolicyRuleName> {
  const rule = parseRuleName(text);
  return rule.ok && rule.value === 'exceptions' ? bad('names the rule "exceptions", which reports the exceptions themselves', 'Name the rule of the finding.') : rule;
}

/** A subject of findings, with `*` for any text. */
function parseSubject(text: string): Checked<string> {
  if (!/[^*]/.test(text)) return bad(`is ${quote(text)}, which is everything`, 'Name a subject, e.g. deployment/api, or set the level of the rule to off.');
  return good(text);
}

const why = 'Explain in a few words why it is acceptable, e.g. "INC-1234: the vendor image needs root until 2.0".';

/** One exception, with its place in the settings. */
const exception = convert(object({
  rule: { needed: true, description: 'The rule, by its name.', kind: line(parseExcepted, { expects: 'the name of a rule', schema: { enum: policyRuleNames.filter((name) => name !== 'exceptions') } }) },
  subject: {
    needed: true,
    description: 'What the finding is about, as the finding names it: `deployment/api`, `deployment/api:app` for one container, a path of `policy.files` with its object, or a URL. `*` matches any text.',
    kind: line(parseSubject, { expects: 'a subject such as deployment/api' }),
  },
  item: { description: 'Only this part of the subject: the name of a variable, a key or a probe.', kind: line(good, { expects: 'the name of a part' }) },
  reason: { needed: true, description: 'Why it is acceptable.', kind: reasonOf(why) },
  until: { needed: true, description: 'The last day on which the exception applies, in UTC.', kind: calendarDate },
}), (value, at) => good({ ...value, at }));

export const exceptions = list(exception, { expects: 'a list of exceptions', mayBeEmpty: true });

export type PolicyException = Out<typeof exceptions>[number];
