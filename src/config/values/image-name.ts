import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';
import { settingText } from '../../outcome/place-words.js';

/** `host[:port]/path` without tag or digest, as written by the user: `ghcr.io/acme/api`, `nginx`. */
export type ImageName = string & { readonly brand?: 'ImageName' };

// The grammar is that of github.com/distribution/reference, narrowed to lower-case hosts.
const hostPart = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
export const hostPattern = `(?:${hostPart}(?:\\.${hostPart})*|\\[[0-9a-f:]+\\])(?::[0-9]{1,5})?`;
/** Of each part of the path. */
export const pathPart = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
/** Source of the regular expression of an image name without tag and digest. */
const imageNamePattern = `^(?:${hostPattern}/)?${pathPart}(?:/${pathPart})*$`;

const whole = new RegExp(imageNamePattern);
const part = new RegExp(`^${pathPart}$`);
const host = new RegExp(`^${hostPattern}$`);

/** The name of an image repository, `host[:port]/path` or `path`; says which part of it is wrong. At most 255 characters. */
export function parseImageName(text: string): Checked<ImageName> {
  const { message, hint } = fault(text) ?? {};
  return message === undefined ? good(text as ImageName) : bad(message, hint);
}

interface Reason { readonly message: string; readonly hint: string }
const reason = (message: string, hint: string): Reason => ({ message, hint });

function fault(text: string): Reason | undefined {
  // First, because the expressions below are only fast on short texts.
  if (text.length > 255) return reason(`is ${text.length} characters long, and an image name has at most 255`, 'Shorten it.');
  const lower = text.toLowerCase();
  const separate = decorated(text);
  if (separate) return { ...separate, hint: separate.hint + alsoUpperCase(text) };
  if (text !== lower && whole.test(lower)) {
    return reason(`is ${quote(text)}, but image names have no upper-case letters`, `Did you mean "${lower}"?`);
  }
  const { registry, path } = splitImage(text);
  if (registry !== undefined && (!host.test(registry) || !portIsPossible(registry))) {
    return reason(`names the registry ${quote(registry)}, which is not a host or host:port`, 'Write it like ghcr.io or localhost:5000.');
  }
  for (const piece of path.split('/')) {
    if (piece === '') return reason(`is ${quote(text)}, which has an empty part`, 'Write exactly one "/" between the parts and none at the ends.');
    if (!part.test(piece)) {
      return reason(
        `is ${quote(text)}, but its part ${quote(piece)} is not allowed in an image name`,
        'Each part has lower-case letters and digits, separated by ".", "_", "__" or dashes.',
      );
    }
  }
  return whole.test(text) ? undefined : reason(`is ${quote(text)}, which is not an image name`, 'Write it like ghcr.io/acme/api.');
}

/** The text after the first colon of the last part, where it cannot be a port. */
function tagOf(text: string): string | undefined {
  const [, ...tag] = (text.split(/[/\]]/).at(-1) ?? '').split(':');
  return tag.length === 0 ? undefined : tag.join(':');
}

/** Things that people put around the name: a scheme, a digest, a tag, spaces. */
function decorated(text: string): Reason | undefined {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0];
  if (scheme) return reason(`starts with ${quote(scheme)}`, 'Remove it: an image name starts with the host of the registry, e.g. ghcr.io/acme/api.');
  if (text.includes('@')) return reason('has a digest', `Remove it and set ${settingText('digest')} instead.`);
  const tag = tagOf(text);
  if (tag !== undefined) return reason(`has the tag ${quote(tag)}`, `Remove it and set ${settingText('tags')} instead.`);
  if (/\s/.test(text)) return reason(`is ${quote(text)}, which has a space`, 'Give the name of one image.');
  return undefined;
}

/** The next problem, so it is not left for the next run. */
function alsoUpperCase(text: string): string {
  const tagged = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').split('@')[0] ?? '';
  const tag = tagOf(tagged);
  const bare = tag === undefined ? tagged : tagged.slice(0, -1 - tag.length);
  const lower = bare.toLowerCase();
  return bare !== lower && whole.test(lower) ? ` Image names also have no upper-case letters: write "${lower}".` : '';
}

const portIsPossible = (registry: string): boolean => {
  const port = /:([0-9]+)$/.exec(registry)?.[1];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65535);
};

/** The registry's host, undefined when the name has none (Docker Hub), and the path below it. Upper case can only be in a host. */
export function splitImage(name: string): { readonly registry: string | undefined; readonly path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  return /[.:A-Z]/.test(first) || first === 'localhost'
    ? { registry: first, path: name.slice(slash + 1) }
    : { registry: undefined, path: name };
}

export const imageName = line(parseImageName, { expects: 'the name of an image', schema: { pattern: imageNamePattern, maxLength: 255 } });
