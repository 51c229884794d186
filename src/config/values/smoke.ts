import { bad, every, good, quote, type Checked, type Fault } from '../kit/checked.js';
import type { Spot } from '../kit/node.js';
import { isLabel, nameFault, nameRule } from './kubernetes-names.js';
import { isNear } from './near-host.js';
import { block, line } from '../kit/text.js';
import { convert, shortOr } from '../kit/kind.js';
import { list } from '../kit/list.js';
import { object } from '../kit/object.js';

/** A request to the new version, and the response that it must give. */
export interface SmokeCheck {
  /** As the user wrote it, for messages. */
  readonly text: string;
  /** Where it stands in the settings; undefined in a check that comes from the records. */
  readonly at?: Spot;
  readonly target:
    | { readonly type: 'url'; readonly url: string }
    /** `port` is a number or a name; undefined: the only or first port of the Service. */
    | { readonly type: 'service'; readonly name: string; readonly port?: string; readonly path: string };
  /** Accepted status codes; default 200. */
  readonly statuses: readonly number[];
  readonly contains?: string;
}

type Target = SmokeCheck['target'];
const form = 'Write TARGET -> STATUS contains TEXT, e.g. service/api:80/healthz -> 200 contains ok.';

/**
 * One check, `TARGET [-> STATUS[,STATUS] [contains TEXT]]`. TARGET is a URL or `service/NAME[:PORT]/PATH`. TEXT goes to
 * the end of the line and is taken as it stands, quotes included.
 */
export function parseSmoke(text: string): Checked<SmokeCheck> {
  const arrow = text.search(/\s->(?:\s|$)/);
  const target = parseTarget((arrow < 0 ? text : text.slice(0, arrow)).trim());
  const expected = arrow < 0 ? '200' : text.slice(arrow).replace(/^\s*->/, '').trim();
  const [, codes, contains] = /^(\S*)(?:\s+contains(?:\s+(\S.*))?)?$/s.exec(expected) ?? [];
  if (codes === undefined) return bad(`expects ${quote(expected)}, which is neither a status nor "STATUS contains TEXT"`, form);
  if (/\scontains\s*$/.test(expected)) return bad('has nothing after "contains"', form);
  const statuses = every(codes.split(',').map(parseStatus));
  if (!target.ok || !statuses.ok) return { ok: false, faults: [target, statuses].flatMap((part) => (part.ok ? [] : part.faults)) };
  const value = { target: target.value, statuses: [...new Set(statuses.value)] };
  return good({ text, ...value, ...(contains === undefined ? {} : { contains }) }, ...target.warnings, ...quoted(contains));
}

const quoted = (contains: string | undefined): readonly Fault[] =>
  contains !== undefined && /^(?:"[^"]*"|'[^']*')$/.test(contains)
    ? [{ message: 'looks for a text with quotes around it', hint: 'Remove the quotes unless the response contains them.' }]
    : [];

/** A status code of HTTP. */
const parseStatus = (text: string): Checked<number> => (/^[1-5][0-9]{2}$/.test(text)
  ? good(Number(text))
  : bad(`expects the status ${quote(text)}, which is not an HTTP status`, 'A status is a number from 100 to 599; several are separated by commas without spaces.'));

/** A text that an answer must have. */
const parseContains = (text: string): Checked<string> => (/[\r\n]/.test(text)
  ? bad(`has ${quote(text)}, which spans several lines`, 'Look for a text on one line.')
  : good(text, ...quoted(text)));

/** The check with this target as one line says it. */
function formatSmoke({ target, statuses, contains }: Pick<SmokeCheck, 'target' | 'statuses' | 'contains'>): string {
  const address = target.type === 'url' ? target.url : `service/${target.name}${target.port === undefined ? '' : `:${target.port}`}${target.path}`;
  return `${address} -> ${statuses.join(',')}${contains === undefined ? '' : ` contains ${contains}`}`;
}

/** What is requested: a URL, or `service/NAME[:PORT]/PATH`. */
function parseTarget(text: string): Checked<Target> {
  if (text === '') return bad('has no target', form);
  if (/\s/.test(text)) return bad(`has the target ${quote(text)}, which has a space`, `What is expected comes after "->". ${form}`);
  if (text.startsWith('service/')) return parseService(text);
  if (/^https?:\/\//i.test(text)) return parseUrl(text);
  const guess = /^(?:svc|services|Service)\//.test(text) ? `service/${text.slice(text.indexOf('/') + 1)}`
    : /^[a-z0-9-]+(\.[a-z0-9-]+)+(?:[:/]|$)/.test(text) ? `https://${text}` : undefined;
  return bad(
    `has the target ${quote(text)}, which is neither a URL nor a Service`,
    guess ? `Did you mean ${quote(guess)}?` : 'Write https://HOST/PATH or service/NAME:PORT/PATH.',
  );
}

function parseService(text: string): Checked<Target> {
  const [, name = '', colon, port = '', path = ''] = /^service\/([^/:]*)(?:(:)([^/]*))?(\/.*)?$/s.exec(text) ?? [];
  if (!isLabel(name)) return bad(nameFault('Service', name), nameRule);
  if (colon && !isPort(port)) {
    return bad(`has the port ${quote(port)}, which is not a port`, 'A port is a number from 1 to 65535 or the name of a port of the Service.');
  }
  const fault = pathFault(path);
  if (fault) return bad(fault, 'The path starts with "/" and has no "..", spaces or "#".');
  return good({ type: 'service' as const, name, ...(colon ? { port } : {}), path: path === '' ? '/' : path });
}

/** A number, or a name as RFC 6335 has it: at most 15 lower-case letters, digits and dashes with at least one letter. */
function isPort(text: string): boolean {
  if (/^[0-9]+$/.test(text)) return !text.startsWith('0') && Number(text) <= 65535;
  return /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text);
}

/** Dots in a path, encoded or not, would leave the Service and reach other parts of the API. */
function pathFault(path: string): string | undefined {
  const climbs = path.split(/[?]/)[0]?.split(/[/\\]|%2f|%5c/i).some((part) => /^(?:\.|%2e){1,2}$/i.test(part));
  if (climbs) return `has the path ${quote(path)}, which leaves the Service with its dots`;
  return /[\s#\\]/.test(path) ? `has the path ${quote(path)}, which has a space, "#" or "\\"` : undefined;
}

function parseUrl(text: string): Checked<Target> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') return bad('has a target that is not a valid URL', 'Write https://HOST/PATH.');
  if (url.username || url.password) {
    return bad('has a user name or password in its URL', 'They would appear in logs and reports: check a URL that requires no login.');
  }
  const warning = url.protocol === 'http:' && !isNear(url.hostname)
    ? [{ message: `requests ${url.host} without TLS, so the response could be forged on the way`, hint: 'Use https:// if the host supports it.' }]
    : [];
  return good({ type: 'url' as const, url: text }, ...warning);
}

const expects = 'a check such as service/api:80/healthz -> 200';

/** A check as a map, for a text that a line cannot hold. */
const inFields = convert(object({
  target: {
    needed: true,
    description: 'A URL, or service/NAME[:PORT]/PATH, which is requested through the API server.',
    kind: line(parseTarget, { expects: 'a URL or service/NAME:PORT/PATH' }),
  },
  status: {
    description: 'Accepted status codes.', fallback: '200',
    kind: list(line(parseStatus, { expects: 'a status such as 200', schema: { type: ['integer', 'string'], minimum: 100, maximum: 599, pattern: '^[1-5][0-9]{2}$' } }), {
      expects: 'a status such as 200, or a list of them', separator: ',',
    }),
  },
  contains: { description: 'Text that the response must contain.', kind: block(parseContains, { expects: 'text' }) },
}, { expects }), ({ target, status, contains }) => {
  const check = { target, statuses: [...new Set(status)], ...(contains === undefined ? {} : { contains }) };
  return good<SmokeCheck>({ text: formatSmoke(check), ...check });
});

const check = convert(shortOr(line(parseSmoke, { expects }), inFields), (value, at) => good<SmokeCheck>({ ...value, at }));
export const smokeChecks = list(check, { expects: 'a list of checks', mayBeEmpty: true });
