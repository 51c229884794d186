import type { BuildFailure } from './build-failure.js';
import { placeWords } from '../outcome/place-words.js';

/**
 * Explains a RUN step that failed: its instruction and line in the Dockerfile, its exit code, its platform if there are
 * several. `ended` is the exit code, or a description of how it ended otherwise.
 */
export function stepFailure(command: string, ended: number | string, output: string): BuildFailure {
  const platform = /^ > \[([a-z]+\/[\w/]+)[ \]]/m.exec(output)?.[1];
  const onPlatform = platform ? ` for ${platform}` : '';
  const step = `\`${shorten(instructionOf(output)?.split('\n')[0] ?? command)}\`${place(output)}`;
  if (/exec format error/.test(output)) {
    return {
      cause: 'platform-unsupported',
      message: `${step} could not run${onPlatform}: the builder cannot execute programs for that processor.`,
      hint: `${placeWords().setUpQemu}, or build with \`FROM --platform=$BUILDPLATFORM\` and cross-compile.`,
    };
  }
  return {
    cause: 'build-failed',
    message: `${step} failed ${typeof ended === 'number' ? `with exit code ${ended}` : ended}${onPlatform}.`,
    hint: ended === 137
      ? 'Exit code 137 means SIGKILL, usually because the machine ran out of memory: use less memory or a larger machine.'
      : 'Fix this part of the Dockerfile: the end of its output shows the error.',
  };
}

/**
 * BuildKit shows the lines of the Dockerfile that failed:
 *
 *     Dockerfile:12
 *     --------------------
 *       12 | >>> RUN npm ci
 *     --------------------
 */
const snippet = /^(\S+:\d+)\n-{10,}\n([^]*?)\n-{10,}$/m;

/** ` (Dockerfile:12)`, or empty when the output does not show it. */
export function place(output: string): string {
  const found = snippet.exec(output)?.[1];
  return found ? ` (${found})` : '';
}

/** The line of the Dockerfile that failed, counted from 1; undefined when the output does not show it. */
export function lineOf(output: string): number | undefined {
  const line = snippet.exec(output)?.[1]?.split(':').at(-1) ?? /dockerfile parse error on line (\d+):/.exec(output)?.[1];
  return line === undefined ? undefined : Number(line);
}

/** The instruction, with the lines that continue it; undefined when the output does not show it. */
export function instructionOf(output: string): string | undefined {
  const lines = [...(snippet.exec(output)?.[2] ?? '').matchAll(/^ *\d+ \| >>> (.*)$/gm)].map(([, line = '']) => line);
  return lines.length > 0 ? lines.join('\n').trim() : undefined;
}

const shorten = (text: string): string => (text.length <= 120 ? text : `${text.slice(0, 119)}…`);
