import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { didYouMean } from '../config/kit/did-you-mean.js';
import type { BuildConfig } from '../config/config.js';
import type { BuildFailure, Missed } from './build-failure.js';
import type { DockerPorts } from './docker.js';
import { findInstruction, imageFailure, imagePlatformFailure, imageRole } from './image-role.js';
import { dockerfileOf, isRemoteContext } from './source.js';
import { placeWords, settingText } from '../outcome/place-words.js';

type Asked = Pick<BuildConfig, 'context' | 'dockerfile' | 'buildArgs'>;
type Files = DockerPorts['files'];

/** The builder only reports what it did not find. The files of this machine often show why. */
export async function explainMissed(files: Files, build: Asked, failure: BuildFailure, missed: Missed): Promise<BuildFailure> {
  if (isRemoteContext(build.context)) return failure;
  try {
    if (missed.kind === 'context') return { ...failure, ...await aboutContext(files, build) };
    if (missed.kind === 'dockerfile') return { ...failure, ...await aboutDockerfile(files, build) };
    if (missed.kind === 'copied') return { ...failure, ...await aboutCopied(files, build, missed) };
    return await aboutImage(files, build, missed) ?? failure;
  } catch {
    // If these files cannot be read, the message of the builder is kept.
    return failure;
  }
}

/** The path as it can be written in the settings. */
const asWritten = ({ workingDirectory }: Files, path: string): string => {
  const inside = relative(workingDirectory, path);
  return inside === '' ? '.' : inside.startsWith(`..${sep}`) || inside === '..' ? path : inside;
};

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);

type Words = Partial<Pick<BuildFailure, 'message' | 'hint'>>;

/** buildx reports a context that is a file as missing. */
async function aboutContext(files: Files, { context }: Asked): Promise<Words> {
  if (await files.realPath(context) !== undefined) {
    return { message: `The build context ${context} is a file.`, hint: `${settingText('context')} is the folder that is sent to the builder: ${settingText('context', asWritten(files, resolve(files.workingDirectory, dirname(context))))}.` };
  }
  const link = await brokenLink(files, context);
  if (link) return link;
  const meant = await nearPath(files, context);
  return meant !== undefined && await files.namesIn(meant) !== undefined ? { hint: `Did you mean ${settingText('context', meant)}?` } : {};
}

/** An existing path that differs from this one by a slip in one of its names. */
async function nearPath(files: Files, path: string): Promise<string | undefined> {
  const names = normalize(path).split(sep);
  for (const [index, name] of names.entries()) {
    const before = names.slice(0, index);
    if (await files.realPath(join(sepOf(path), ...before, name)) !== undefined) continue;
    const folder = join(sepOf(path), ...before);
    const meant = didYouMean(name, await files.namesIn(folder) ?? []);
    const found = meant === undefined ? undefined : join(folder, meant, ...names.slice(index + 1));
    return found !== undefined && await files.realPath(found) !== undefined ? found : undefined;
  }
  return undefined;
}

/** What an absolute path begins with. */
const sepOf = (path: string): string => (isAbsolute(path) ? sep : '');

async function brokenLink(files: Files, path: string): Promise<Words | undefined> {
  const target = await files.linkTarget(path);
  if (target === undefined) return undefined;
  const hint = `Fix the link, or create its target before the build. ${placeWords().submodules}`;
  return { message: `${path} is a link to ${target}, which does not exist.`, hint };
}

async function aboutDockerfile(files: Files, build: Asked): Promise<Words> {
  const path = dockerfileOf(build);
  const real = await files.realPath(path);
  if (real === undefined) {
    const link = await brokenLink(files, path);
    if (link) return link;
    return build.dockerfile === undefined ? noDockerfile(files, build.context) : noSuchDockerfile(files, build.context, build.dockerfile);
  }
  const inFolder = await files.namesIn(path);
  if (inFolder !== undefined) return aFolder(path, inFolder);
  const sent = await files.realPath(dirname(path));
  if (sent !== undefined && !isWithin(real, sent)) {
    return {
      message: `${path} is a link to ${asWritten(files, real)}, which is outside the folder that is sent to the builder.`,
      hint: `Name the file itself: ${settingText('dockerfile', asWritten(files, real))}.`,
    };
  }
  return { message: `The builder did not find ${path}, but it exists now.`, hint: `Check what ${placeWords().before} does with this file, then run again.` };
}

/** Docker creates such a folder for a file that was to be mounted and did not exist. */
function aFolder(path: string, names: readonly string[]): Words {
  const [only, ...others] = dockerfilesOf(names);
  return {
    message: `${path} is a folder, and not a Dockerfile.`,
    hint: only !== undefined && others.length === 0 ? `Did you mean ${settingText('dockerfile', join(path, only))}?` : `Set ${settingText('dockerfile')} to the Dockerfile itself. It is relative to ${placeWords().folder}.`,
  };
}

/** `Dockerfile`, or those with a similar name: `Dockerfile.prod`, `api.Dockerfile`, `Containerfile`. */
function dockerfilesOf(names: readonly string[]): readonly string[] {
  const usual = names.filter((name) => name === 'Dockerfile');
  return usual.length > 0 ? usual : names.filter((name) => /^(?:Dockerfile|Containerfile)(?:[.-]|$)|\.Dockerfile$/i.test(name) && !name.endsWith('.dockerignore'));
}

async function noDockerfile(files: Files, context: string): Promise<Words> {
  const folders = [context, join(context, 'docker')];
  const there = await Promise.all(folders.map(async (folder) => dockerfilesOf(await files.namesIn(folder) ?? []).map((name) => join(folder, name))));
  const meant = await nearPath(files, join(context, 'Dockerfile')) ?? there.find((found) => found.length === 1)?.[0];
  return {
    message: context === '.' ? 'There is no Dockerfile in the build context.' : `There is no Dockerfile in the build context ${context}.`,
    hint: meant
      ? `Did you mean ${settingText('dockerfile', meant)}?`
      : `Check ${settingText('context')} and ${settingText('dockerfile')}, which are both relative to ${placeWords().folder}, and that the repository is checked out.`,
  };
}

async function noSuchDockerfile(files: Files, context: string, dockerfile: string): Promise<Words> {
  const inContext = join(context, dockerfile);
  const message = `There is no ${dockerfile} in ${placeWords().folder}`;
  if (context !== '.' && await files.realPath(inContext) !== undefined) {
    return { message: `${message}: ${settingText('dockerfile')} is relative to ${placeWords().folder}, not to ${settingText('context')}.`, hint: `Did you mean ${settingText('dockerfile', inContext)}?` };
  }
  const meant = await nearPath(files, dockerfile) ?? await nearPath(files, inContext) ?? await besideContext(files, context, dockerfile);
  return {
    message: `${message}.`,
    hint: meant === undefined ? `Check ${settingText('dockerfile')}, which is relative to ${placeWords().folder} and not to ${settingText('context')}, and that the repository is checked out.` : `Did you mean ${settingText('dockerfile', meant)}?`,
  };
}

/** The Dockerfile, if its path is relative to a folder above the context: `api/Dockerfile.prod` for the context `services/api`. */
async function besideContext(files: Files, context: string, dockerfile: string): Promise<string | undefined> {
  for (let folder = dirname(context); folder !== '.' && folder !== sep; folder = dirname(folder)) {
    const path = join(folder, dockerfile);
    if (await files.realPath(path) !== undefined) return path;
  }
  return undefined;
}

async function aboutCopied(files: Files, build: Asked, { path, instruction, place }: Extract<Missed, { kind: 'copied' }>): Promise<Words> {
  const name = path.replace(/^\//, '');
  if (/(?:^|\s|\/)\.\.\//.test(instruction ?? '')) {
    return { hint: `\`..\` cannot leave the build context: set ${settingText('context')} to a folder that also contains this file.` };
  }
  const [folder, real] = await Promise.all([files.realPath(build.context), files.realPath(join(build.context, name))]);
  if (folder === undefined || real === undefined) return {};
  if (!isWithin(real, folder)) {
    return {
      message: `${name} is a link to ${asWritten(files, real)}, which is outside the build context${place}.`,
      hint: `Set ${settingText('context')} to a folder that contains both, or copy the file into the context before the build.`,
    };
  }
  const own = `${dockerfileOf(build)}.dockerignore`;
  const ignores = [own, join(build.context, '.dockerignore')];
  const there = await Promise.all(ignores.map((file) => files.realPath(file)));
  const ignore = ignores.find((_, index) => there[index] !== undefined);
  if (ignore === undefined) return {};
  return { message: `${name} is in the folder of the build context but was not sent to the builder${place}.`, hint: `Check that ${ignore} does not exclude it.` };
}

async function aboutImage(files: Files, build: Asked, { image, reason, noPlatform }: Extract<Missed, { kind: 'image' }>): Promise<BuildFailure | undefined> {
  const text = await files.readText(resolve(files.workingDirectory, dockerfileOf(build))).catch(() => undefined);
  const found = text === undefined ? undefined : findInstruction(text, image);
  const named = build.buildArgs['BUILDKIT_SYNTAX'];
  const role = named !== undefined && image.startsWith(named)
    ? { what: `The image ${image} of the build argument BUILDKIT_SYNTAX`, where: `in ${settingText('build-args')}` }
    : found && imageRole(image, found.text);
  if (!role) return undefined;
  const place = found ? ` (${dockerfileOf(build)}:${found.line})` : '';
  return noPlatform ? imagePlatformFailure(role, place) : imageFailure(role, reason, place);
}
