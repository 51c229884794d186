import { join, posix } from 'node:path';
import * as v from 'valibot';
import type { BuildConfig } from '../config/config.js';
import { tryJson } from '../ports/json.js';
import type { DockerPorts } from './docker.js';
import { instructionsOf, type Instruction } from './dockerfile.js';
import { dockerfileOf, isRemoteContext } from './source.js';
import { settingText } from '../outcome/place-words.js';

/** ELF `e_machine` → architecture of a platform: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const machines: Readonly<Record<number, string>> = { 0x03: '386', 0x16: 's390x', 0x15: 'ppc64le', 0x28: 'arm', 0x3e: 'amd64', 0xb7: 'arm64', 0xf3: 'riscv64' };

/**
 * Warnings about images whose program is built for another processor than their platform, which neither a builder nor a
 * registry notices. Only detected where nothing has to be run or downloaded for it: in a stage `FROM scratch` without
 * RUN whose program is copied from the context.
 */
export async function foreignPrograms(
  files: DockerPorts['files'], build: BuildConfig, platforms: readonly string[],
): Promise<string[]> {
  const { context, target, buildArgs } = build;
  if (isRemoteContext(context)) return [];
  try {
    const text = await files.readText(dockerfileOf(build));
    const stage = text === undefined ? undefined : bareStage(text, target);
    if (!stage) return [];
    const found = await Promise.all(platforms.map(async (platform) => {
      const source = sourceOfProgram(stage, { ...buildArgs, ...platformArguments(platform) });
      const built = source === undefined ? undefined : architectureOf(await files.readStart(join(context, source), headerBytes));
      const wanted = platform.split('/')[1];
      return built === undefined || built === wanted ? [] : [
        `The image for ${platform} starts ${source}, a program for ${built} that cannot run on ${wanted}. Copy a program for each platform (\`COPY …-$TARGETARCH\`), or remove the platform from ${settingText('platforms')}.`,
      ];
    }));
    return found.flat();
  } catch {
    // The build succeeded, so a file that cannot be read is not worth a message.
    return [];
  }
}

const headerBytes = 20;

/** Undefined for a file that is not ELF, or for a machine that is not in the list. */
export function architectureOf(header: Uint8Array | undefined): string | undefined {
  if (!header || header.length < headerBytes || String.fromCharCode(...header.subarray(0, 4)) !== '\x7fELF') return undefined;
  const [low = 0, high = 0] = [header[18], header[19]];
  const bigEndian = header[5] === 2;
  const machine = machines[bigEndian ? low * 256 + high : high * 256 + low];
  // The same machine number stands for both byte orders.
  return machine === 'ppc64le' && bigEndian ? 'ppc64' : machine;
}

/** The instructions of the stage that is built; undefined unless it is `FROM scratch` and without RUN. */
function bareStage(text: string, target: string | undefined): readonly Instruction[] | undefined {
  const all = instructionsOf(text);
  const starts = all.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
  const start = target === undefined ? starts.at(-1) : starts.find((index) => new RegExp(`\\sAS\\s+${target}$`, 'i').test(all[index]?.rest ?? ''));
  if (start === undefined) return undefined;
  const next = starts.find((index) => index > start);
  const stage = all.slice(start, next);
  const isBare = /^(?:--\S+\s+)*scratch(?:\s|$)/i.test(stage[0]?.rest ?? '') && !stage.some(({ name }) => name === 'RUN');
  return isBare ? stage : undefined;
}

/** The arguments that BuildKit sets: https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope */
function platformArguments(platform: string): Record<string, string> {
  const [os = '', architecture = '', variant = ''] = platform.split('/');
  return { TARGETPLATFORM: platform, TARGETOS: os, TARGETARCH: architecture, TARGETVARIANT: variant };
}

/** The file of the context that the image starts; undefined when that is not certain. */
function sourceOfProgram(stage: readonly Instruction[], values: Readonly<Record<string, string>>): string | undefined {
  const last = (wanted: string): string | undefined => stage.findLast(({ name }) => name === wanted)?.rest;
  const program = words(last('ENTRYPOINT') ?? last('CMD') ?? '')?.[0];
  if (program === undefined || !program.startsWith('/')) return undefined;
  const copies = stage.filter(({ name }) => name === 'COPY' || name === 'ADD').flatMap(({ rest }) => {
    if (/--from=|<</.test(rest)) return [];
    const [from, to, ...more] = (words(rest) ?? rest.split(/\s+/).filter((word) => !word.startsWith('--'))).map((word) => fillIn(word, values));
    if (from === undefined || to === undefined || more.length > 0) return [];
    return [{ from, to: to.endsWith('/') ? posix.join('/', to, posix.basename(from)) : posix.join('/', to) }];
  });
  return copies.findLast(({ to }) => to === program)?.from;
}

/** The words of the JSON form of an instruction; undefined for the shell form. */
const words = (rest: string): readonly string[] | undefined => tryJson(rest, v.array(v.string()));

/** Undefined when it contains a variable whose value is not certain. */
function fillIn(word: string, values: Readonly<Record<string, string>>): string | undefined {
  const filled = word.replace(/\$\{?(\w+)\}?/g, (all, name: string) => values[name] ?? all);
  return /[$*?[]/.test(filled) ? undefined : filled;
}
