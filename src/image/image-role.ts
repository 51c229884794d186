import type { BuildFailure } from './build-failure.js';
import { sameRepository } from './reference.js';
import { classifyRegistryError, firstLine } from './registry-error.js';

/** What a build wants an image for, by the line of the Dockerfile that names it. */
export interface ImageRole {
  /** `The base image r/base:1`. */
  readonly what: string;
  /** Where its name stands. */
  readonly where: string;
  /** A sentence about the name. */
  readonly remark?: string;
}

const syntaxLine = /^(?:#|\/\/)\s*syntax\s*=/i;

/**
 * @param instruction the whole instruction; undefined where the builder does not show it: then nothing is said of what
 * the image is for
 */
export function imageRole(image: string, instruction: string | undefined): ImageRole {
  const role = (what: string, where: string): ImageRole => ({ what, where });
  const neutral = role(`The image ${image}`, 'where the Dockerfile names it');
  if (instruction === undefined) return neutral;
  if (syntaxLine.test(instruction)) return role(`The image ${image} of the \`# syntax\` line`, 'in the `# syntax=` line');
  const base = /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(instruction)?.[1];
  // A FROM line can need another image than the one it names: an ONBUILD instruction of its base image copies from it.
  if (base?.includes('$')) return { ...role(`The base image ${image}`, 'in the FROM line'), remark: `Its name is made of \`${base}\`: the values come from \`build-args\`, or else from the ARG lines.` };
  if (base !== undefined) return sameRepository(base, image) ? role(`The base image ${image}`, 'in the FROM line') : neutral;
  const [, command = '', from] = /^(COPY|ADD|RUN)\s[^]*?(?:--from=|\bfrom=)([^\s,]+)/i.exec(instruction) ?? [];
  if (from === undefined) return neutral;
  const option = command.toUpperCase() === 'RUN' ? '`RUN --mount`' : `\`${command.toUpperCase()} --from\``;
  return {
    what: `The image ${image} of ${option}`, where: `in \`from=${from}\``,
    // A name without registry and tag mostly is a stage that was misspelt.
    ...(/^[\w-]+$/.test(from) && { remark: `"${from}" is the name of no stage before this line, and so is taken for an image.` }),
  };
}

/** What to say when an image could not be had, for this reason. `place` is ` (Dockerfile:8)` or nothing. */
export function imageFailure({ what, where, remark }: ImageRole, reason: string, place: string): BuildFailure {
  const hint = (text: string): string => [remark, text].filter(Boolean).join(' ');
  switch (classifyRegistryError(reason)) {
    case 'denied':
      return {
        cause: 'registry-denied',
        message: `${what} may not be pulled${place}: ${firstLine(reason)}.`,
        hint: hint(`Check its name ${where}, and log in to its registry before this step.`),
      };
    case 'absent':
      return { cause: 'build-failed', message: `${what} does not exist${place}.`, hint: hint(`Check its name and tag ${where}.`) };
    default:
      return {
        cause: 'build-failed',
        message: `${what} could not be fetched${place}: ${firstLine(reason)}.`,
        hint: hint(`Check its name ${where}, and that its registry is up and can be reached from the builder; then run again.`),
      };
  }
}

/** What to say when there is no variant of an image for a platform. */
export const imagePlatformFailure = ({ what, where }: ImageRole, place: string): BuildFailure => ({
  cause: 'platform-unsupported', message: `${what} does not exist for a platform that is asked for${place}.`,
  hint: `Choose an image ${where} that has all of \`platforms\`, or leave the platform out.`,
});

/** The instruction of the Dockerfile that names the image, and its line; undefined when none does, or several do. */
export function findInstruction(dockerfile: string, image: string): { readonly text: string; readonly line: number } | undefined {
  const short = image.replace(/^docker\.io\/(?:library\/)?/, '').replace(/:latest$/, '');
  const lines = dockerfile.split('\n');
  const naming = lines.flatMap((text, index) => (text.includes(short) ? [index] : []));
  const [at, ...others] = naming;
  if (at === undefined || others.length > 0) return undefined;
  // An instruction may go over several lines, and the option is seldom in the first.
  const before = lines.slice(0, at).reverse();
  const continued = before.findIndex((line) => !/\\\s*$/.test(line));
  const first = at - (continued === -1 ? before.length : continued);
  return { text: lines.slice(first, at + 1).join('\n').trim(), line: first + 1 };
}
