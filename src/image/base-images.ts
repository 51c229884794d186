import type { BuildConfig } from '../config/config.js';
import { messageOf } from '../outcome/wording.js';
import type { BaseImageChange, BaseImages } from '../outcome/pull-request.js';
import type { Ports } from '../ports/ports.js';
import { instructionsOf } from './dockerfile.js';
import { fileBefore, type Base } from './git.js';
import { dockerfileOf, isRemoteContext } from './source.js';

type Asked = Pick<BuildConfig, 'context' | 'dockerfile' | 'buildArgs'>;
type GitPorts = Pick<Ports, 'process' | 'files' | 'env' | 'cancelled'>;

/** Stage → the image that its FROM line names. A stage that starts from another stage, and `scratch`, are not among them. */
type StageImages = ReadonlyMap<string, string>;

/**
 * The base images of a Dockerfile.
 * @param args build arguments, which take precedence over the defaults of ARG lines
 */
export function baseImagesIn(text: string, args: Readonly<Record<string, string>>): StageImages {
  const values = new Map<string, string>();
  const stages: { readonly name: string; readonly image: string }[] = [];
  for (const { name, rest } of instructionsOf(text)) {
    if (name === 'ARG' && stages.length === 0) for (const [key, value] of argumentsIn(rest)) values.set(key, args[key] ?? fillIn(value, values));
    if (name !== 'FROM') continue;
    const [image = '', as, stage] = rest.split(/\s+/).filter((word) => !word.startsWith('--'));
    stages.push({ name: as?.toUpperCase() === 'AS' && stage !== undefined ? stage : `#${stages.length + 1}`, image: fillIn(image, values) });
  }
  const isBase = (image: string, index: number): boolean =>
    image !== '' && image !== 'scratch' && !stages.slice(0, index).some(({ name }) => name.toLowerCase() === image.toLowerCase());
  return new Map(stages.flatMap(({ name, image }, index) => (isBase(image, index) ? [[name, image] as const] : [])));
}

/** `NODE=20 BASE="debian"`: the arguments of one line with their defaults. */
const argumentsIn = (rest: string): readonly (readonly [string, string])[] =>
  [...rest.matchAll(/([A-Za-z_]\w*)(?:=("[^"]*"|'[^']*'|\S*))?/g)].map(([, name = '', value = '']) => [name, value.replace(/^(["'])(.*)\1$/, '$2')] as const);

/** A variable without a value stays as it is written. https://docs.docker.com/reference/dockerfile/#environment-replacement */
function fillIn(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::([-+])([^${}]*))?\})/g, (whole, bare: string | undefined, braced: string | undefined, sign: string | undefined, word: string) => {
    const value = values.get(bare ?? braced ?? '') || undefined;
    if (sign === '+') return value === undefined ? '' : word;
    return value ?? (sign === '-' ? word : whole);
  });
}

/** The stages whose base image differs. */
export const changedBases = (old: StageImages, now: StageImages): readonly BaseImageChange[] =>
  [...new Set([...now.keys(), ...old.keys()])].filter((stage) => old.get(stage) !== now.get(stage))
    .map((stage) => ({ stage, ...old.has(stage) && { old: old.get(stage) }, ...now.has(stage) && { new: now.get(stage) } }));

/**
 * Compares the base images of what is checked out with those of the base branch, for each Dockerfile once. It does not reject,
 * unless the run is cancelled.
 */
export async function compareBaseImages(ports: GitPorts, builds: readonly Asked[], base: Base): Promise<readonly BaseImages[]> {
  const here = builds.filter(({ context, dockerfile }) => dockerfile !== undefined || !isRemoteContext(context));
  const byPath = new Map(here.map((build) => [dockerfileOf(build), build]));
  return Promise.all([...byPath].map(async ([dockerfile, { buildArgs }]) => {
    try {
      return { dockerfile, ...await compare(ports, dockerfile, buildArgs, base) };
    } catch (error) {
      ports.cancelled.throwIfAborted();
      return { dockerfile, changes: [], unknown: `It could not be compared with the base branch: ${messageOf(error)}.` };
    }
  }));
}

async function compare(ports: GitPorts, path: string, args: Readonly<Record<string, string>>, base: Base): Promise<Omit<BaseImages, 'dockerfile'>> {
  const text = await ports.files.readText(path);
  if (text === undefined) return { changes: [], unknown: 'The file does not exist.' };
  const before = await fileBefore(ports, path, base);
  if ('unknown' in before) return { changes: [], unknown: before.unknown };
  return { changes: changedBases(baseImagesIn(before.text ?? '', args), baseImagesIn(text, args)) };
}
