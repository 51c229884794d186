import type { BuildFailure } from './build-failure.js';
import { sameRepository } from './reference.js';
import { classifyRegistryError, firstLine } from './registry-error.js';
import { placeWords, settingText } from '../outcome/place-words.js';

/** What a build needs an image for, from the line of the Dockerfile that names it. */
export interface ImageRole {
  /** `The base image r/base:1`. */
  readonly what: string;
  /** Where its name is written. */
  readonly where: string;
  /** A sentence about the name. */
  readonly remark?: string;
}

const syntaxLine = /^(?:#|\/\/)\s*syntax\s*=/i;

/**
 * @param instruction the whole instruction; undefined when the builder does not show it: then the purpose of the image is
 * unknown
 */
export function imageRole(image: string, instruction: string | undefined): ImageRole {
  const role = (what: string, where: string): ImageRole => ({ what, where });
  const neutral = role(`The image ${image}`, 'in the Dockerfile');
  if (instruction === undefined) return neutral;
  if (syntaxLine.test(instruction)) return role(`The image ${image} of the \`# syntax\` line`, 'in the `# syntax=` line');
  const base = /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(instruction)?.[1];
  // A FROM line can need another image than the one it names: an ONBUILD instruction of its base image copies from it.
  if (base?.includes('$')) return { ...role(`The base image ${image}`, 'in the FROM line'), remark: `Its name contains \`${base}\`, which is set by ${settingText('build-args')} or by the ARG lines.` };
  if (base !== undefined) return sameRepository(base, image) ? role(`The base image ${image}`, 'in the FROM line') : neutral;
  const [, command = '', from] = /^(COPY|ADD|RUN)\s[^]*?(?:--from=|\bfrom=)([^\s,]+)/i.exec(instruction) ?? [];
  if (from === undefined) return neutral;
  const option = command.toUpperCase() === 'RUN' ? '`RUN --mount`' : `\`${command.toUpperCase()} --from\``;
  return {
    what: `The image ${image} of ${option}`, where: `in \`from=${from}\``,
    // A name without registry and tag is usually a misspelt stage.
    ...(/^[\w-]+$/.test(from) && { remark: `No stage before this line is called "${from}", so it is treated as an image.` }),
  };
}

/** Explains why an image could not be pulled. `place` is ` (Dockerfile:8)` or empty. */
export function imageFailure({ what, where, remark }: ImageRole, reason: string, place: string): BuildFailure {
  const hint = (text: string): string => [remark, text].filter(Boolean).join(' ');
  switch (classifyRegistryError(reason)) {
    case 'denied':
      return {
        cause: 'registry-denied',
        message: `${what} cannot be pulled${place}, access was refused: ${firstLine(reason)}.`,
        hint: hint(`Check its name ${where}, and ${placeWords().setUpLogin}.`),
      };
    case 'absent':
      return { cause: 'build-failed', message: `${what} does not exist${place}.`, hint: hint(`Check its name and tag ${where}.`) };
    default:
      return {
        cause: 'build-failed',
        message: `${what} could not be pulled${place}: ${firstLine(reason)}.`,
        hint: hint(`Check its name ${where}, and that the builder can reach its registry, then run again.`),
      };
  }
}

/** Explains that an image does not exist for a platform. */
export const imagePlatformFailure = ({ what, where }: ImageRole, place: string): BuildFailure => ({
  cause: 'platform-unsupported', message: `${what} does not exist for one of the requested platforms${place}.`,
  hint: `Choose an image ${where} that supports all of ${settingText('platforms')}, or remove the platform from ${settingText('platforms')}.`,
});

/** The instruction of the Dockerfile that names the image, and its line; undefined unless exactly one does. */
export function findInstruction(dockerfile: string, image: string): { readonly text: string; readonly line: number } | undefined {
  const short = image.replace(/^docker\.io\/(?:library\/)?/, '').replace(/:latest$/, '');
  const lines = dockerfile.split('\n');
  const naming = lines.flatMap((text, index) => (text.includes(short) ? [index] : []));
  const [at, ...others] = naming;
  if (at === undefined || others.length > 0) return undefined;
  // An instruction can span several lines, and the option is rarely in the first.
  const before = lines.slice(0, at).reverse();
  const continued = before.findIndex((line) => !/\\\s*$/.test(line));
  const first = at - (continued === -1 ? before.length : continued);
  return { text: lines.slice(first, at + 1).join('\n').trim(), line: first + 1 };
}
