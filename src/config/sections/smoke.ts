import { good } from '../checked.js';
import { convert, shortOr } from '../kit/kind.js';
import { list } from '../kit/list.js';
import { object } from '../kit/object.js';
import { block, text } from '../kit/text.js';
import { section } from '../setting.js';
import { formatSmoke, parseContains, parseSmoke, parseStatus, parseTarget, type SmokeCheck } from '../smoke.js';
import { clusterActions } from './cluster.js';

const expects = 'a check such as service/api:80/healthz -> 200';

/** A check as a map, for a text that a line cannot hold. */
const inFields = convert(object({
  target: {
    needed: true,
    description: 'A URL, or service/NAME[:PORT]/PATH, which is reached through the API of the cluster.',
    kind: text(parseTarget, { expects: 'a URL or service/NAME:PORT/PATH' }),
  },
  status: {
    description: 'Accepted status codes.', fallback: '200',
    kind: list(text(parseStatus, { expects: 'a status such as 200', schema: { type: ['integer', 'string'], minimum: 100, maximum: 599, pattern: '^[1-5][0-9]{2}$' } }), {
      expects: 'a status such as 200, or a list of them', separator: ',',
    }),
  },
  contains: { description: 'Text that the answer must have.', kind: block(parseContains, { expects: 'text' }) },
}, { expects }), ({ target, status, contains }) => {
  const check = { target, statuses: [...new Set(status)], ...(contains === undefined ? {} : { contains }) };
  return good<SmokeCheck>({ text: formatSmoke(check), ...check });
});

export const smoke = section('Smoke checks', clusterActions, {
  'smoke': {
    description: 'Checks that the version that is rolled out must pass, one per line: `TARGET [-> STATUS[,STATUS] [contains TEXT]]`. TARGET is a URL, or `service/NAME[:PORT]/PATH`, which is reached through the API of the cluster.',
    examples: [['service/api:80/healthz -> 200 contains ok']],
    kind: list(convert(shortOr(text(parseSmoke, { expects }), inFields), (check, at) => good<SmokeCheck>({ ...check, at })), { expects: 'a list of checks', mayBeEmpty: true }),
  },
});
