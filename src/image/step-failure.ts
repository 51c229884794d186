import type { BuildFailure } from './build-failure.js';

/**
 * What to say of a RUN step that failed: its instruction and line from the Dockerfile, its exit code, its platform when
 * there are several. `ended` is the exit code, or words for how else it ended.
 */
export function stepFailure(command: string, ended: number | string, output: string): BuildFailure {
  const platform = /^ > \[([a-z]+\/[\w/]+)[ \]]/m.exec(output)?.[1];
  const onPlatform = platform ? ` for ${platform}` : '';
  const step = `\`${shorten(instructionOf(output)?.split('\n')[0] ?? command)}\`${place(output)}`;
  if (/exec format error/.test(output)) {
    return {
      cause: 'platform-unsupported',
      message: `${step} could not run${onPlatform}: the builder cannot execute programs of that processor.`,
      hint: 'Add `- uses: docker/setup-qemu-action@v3` before docker/setup-buildx-action, '
        + 'or build with `FROM --platform=$BUILDPLATFORM` and cross-compile.',
    };
  }
  return {
    cause: 'build-failed',
    message: `${step} ended ${typeof ended === 'number' ? `with exit code ${ended}` : ended}${onPlatform}.`,
    hint: ended === 137
      ? 'Exit code 137 is SIGKILL, mostly from the kernel when memory is short: use less of it, or a larger runner.'
      : 'The output of the step is below.',
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

/** ` (Dockerfile:12)`, or nothing when it is not said. */
export function place(output: string): string {
  const found = snippet.exec(output)?.[1];
  return found ? ` (${found})` : '';
}

/** The instruction, with the lines that continue it; undefined when it is not shown. */
export function instructionOf(output: string): string | undefined {
  const lines = [...(snippet.exec(output)?.[2] ?? '').matchAll(/^ *\d+ \| >>> (.*)$/gm)].map(([, line = '']) => line);
  return lines.length > 0 ? lines.join('\n').trim() : undefined;
}

const shorten = (text: string): string => (text.length <= 120 ? text : `${text.slice(0, 119)}…`);
