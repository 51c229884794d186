import { bad, good, quote, type Checked, type Fault } from './checked.js';
import type { SmokeCheck } from './config.js';
import { isLabel, nameFault, nameRule } from './kubernetes-names.js';

type Target = SmokeCheck['target'];
const form = 'Write TARGET -> STATUS contains TEXT, e.g. service/api:80/healthz -> 200 contains ok.';

/**
 * One check, `TARGET [-> STATUS[,STATUS] [contains TEXT]]`. TARGET is a URL or `service/NAME[:PORT]/PATH`. TEXT goes to
 * the end of the line and is taken as it stands, quotes included.
 */
export function parseSmoke(text: string): Checked<SmokeCheck> {
  const arrow = text.search(/\s->(?:\s|$)/);
  const target = (arrow < 0 ? text : text.slice(0, arrow)).trim();
  const expected = arrow < 0 ? undefined : text.slice(arrow).replace(/^\s*->/, '').trim();
  if (/\s/.test(target)) return bad(`has the target ${quote(target)}, which has a space`, `What is expected comes after "->". ${form}`);
  const split = expected === undefined ? undefined : /^(\S*)(?:\s+contains(?:\s+(.*))?)?$/s.exec(expected);
  if (expected !== undefined && !split) {
    return bad(`expects ${quote(expected)}, which is neither a status nor "STATUS contains TEXT"`, form);
  }
  if (split && /\scontains\s*$/.test(expected ?? '')) return bad('has nothing after "contains"', form);
  return smokeOf({ target, statuses: split?.[1]?.split(','), contains: split?.[2], text });
}

/** A check from its parts, as the settings file may give them. `text` is how messages name it. */
export function smokeOf(parts: {
  readonly target: string; readonly statuses?: readonly string[]; readonly contains?: string; readonly text?: string;
}): Checked<SmokeCheck> {
  const { contains, statuses = ['200'] } = parts;
  const target = parseTarget(parts.target);
  const faults: Fault[] = target.ok ? [] : [...target.faults];
  const wrong = statuses.find((status) => !/^[1-5][0-9]{2}$/.test(status));
  if (wrong !== undefined) {
    faults.push({ message: `expects the status ${quote(wrong)}, which is not one`, hint: 'A status is a number from 100 to 599; several are separated by commas without spaces.' });
  }
  if (contains === '') faults.push({ message: 'has nothing after "contains"', hint: form });
  if (!target.ok || faults.length > 0) return { ok: false, faults };
  const value = { target: target.value, statuses: [...new Set(statuses.map(Number))], ...(contains === undefined ? {} : { contains }) };
  return good({ text: parts.text ?? formatSmoke(parts.target, value.statuses, contains), ...value }, ...target.warnings, ...quoted(contains));
}

function formatSmoke(target: string, statuses: readonly number[], contains?: string): string {
  return `${target} -> ${statuses.join(',')}${contains === undefined ? '' : ` contains ${contains}`}`;
}

const quoted = (contains: string | undefined): readonly Fault[] =>
  contains !== undefined && /^(?:"[^"]*"|'[^']*')$/.test(contains)
    ? [{ message: 'looks for a text with quotes around it', hint: 'Leave the quotes out unless the answer has them.' }]
    : [];

function parseTarget(text: string): Checked<Target> {
  if (text === '') return bad('has no target', form);
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
  const [, name = '', colon, port = '', path = ''] = /^service\/([^/:]*)(:?)([^/]*)(.*)$/s.exec(text) ?? [];
  if (!isLabel(name)) return bad(nameFault('Service', name), nameRule);
  if (colon && !isPort(port)) {
    return bad(`has the port ${quote(port)}, which is not one`, 'A port is a number from 1 to 65535 or the name of a port of the Service.');
  }
  const fault = pathFault(path);
  if (fault) return bad(fault, 'The path begins with "/" and has no "..", spaces or "#".');
  return good({ type: 'service' as const, name, ...(colon ? { port } : {}), path: path === '' ? '/' : path });
}

/** A number, or a name as RFC 6335 has it: at most 15 lower-case letters, digits and dashes with at least one letter. */
function isPort(text: string): boolean {
  if (/^[0-9]+$/.test(text)) return !text.startsWith('0') && Number(text) <= 65535;
  return /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text);
}

/** Dots that climb would leave the Service and reach other parts of the API, encoded or not. */
function pathFault(path: string): string | undefined {
  const climbs = path.split(/[?]/)[0]?.split(/[/\\]|%2f|%5c/i).some((part) => /^(?:\.|%2e){1,2}$/i.test(part));
  if (climbs) return `has the path ${quote(path)}, which leaves the Service by its dots`;
  return /[\s#\\]/.test(path) ? `has the path ${quote(path)}, which has a space, "#" or "\\"` : undefined;
}

function parseUrl(text: string): Checked<Target> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') return bad('has a target that begins like a URL and is not one', 'Write https://HOST/PATH.');
  if (url.username || url.password) {
    return bad('has a user name or password in its URL', 'They would stand in logs and reports: check an address that needs no login.');
  }
  const warning = url.protocol === 'http:' && !isNear(url.hostname)
    ? [{ message: `asks ${url.host} without TLS, where somebody in between could give the answer`, hint: 'Use https:// if the host has it.' }]
    : [];
  return good({ type: 'url' as const, url: text }, ...warning);
}

/** Hosts inside a machine, a cluster or a private network, where plain HTTP is normal. */
const isNear = (host: string): boolean =>
  !host.includes('.') || /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.)/.test(host) || /\.(?:local|internal|svc|test|localhost)$/.test(host);
