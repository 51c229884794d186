import { ConfigError, type Problem } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import type { Files } from '../ports/files.js';
import { quote, type Fault } from './kit/checked.js';
import type { Documents } from './documents.js';
import { parseConfig, settingsPath, type ConfigSource, type ParsedConfig } from './parse.js';
import { distinct } from './secrets.js';
import { contextFault, holdsContent } from './values/kubeconfig.js';
import { placeWords, settingText } from '../outcome/place-words.js';

/**
 * Reads the settings file and, when it is given by its path, the kubeconfig, and parses everything. Mask `rawSecrets` before,
 * and the `secrets` of the answer before anything is printed. Throws ConfigError.
 */
export async function loadConfig(source: Unread, files: Pick<Files, 'readText'>): Promise<ParsedConfig> {
  const { doubts, ...given } = await readGiven(source, files);
  return withFileOfKubeconfig(withDoubts({ ...source, ...given }, doubts), source, files);
}

/** What settings are read from, before any file is. */
export type Unread = Omit<ConfigSource, keyof Documents>;

/** The documents that the inputs name, with doubts about a settings file that is not read. Throws ConfigError. */
export async function readGiven({ inputs }: Unread, files: Pick<Files, 'readText'>): Promise<Documents & { readonly doubts: readonly Problem[] }> {
  const path = settingsPath(inputs);
  const where = inputs['config']?.trim() ? placeWords().given('config') : 'settings file';
  const text = await read(path, where, files);
  return { ...await readDocuments(path, text, inputs['kubeconfig']), doubts: text === undefined ? await otherEnding(path, files) : [] };
}

/** The same settings, with what the kubeconfig says whose path they name, if they do. Throws ConfigError. */
export async function withFileOfKubeconfig(parsed: ParsedConfig, { facts }: Pick<Unread, 'facts'>, files: Pick<Files, 'readText'>): Promise<ParsedConfig> {
  const { kubeconfig } = parsed.config.cluster;
  if (kubeconfig === undefined || 'content' in kubeconfig) return parsed;
  return withKubeconfig(parsed, inHome(kubeconfig.path, facts?.env ?? {}), files);
}

/** The parser of YAML is loaded only when there is something to read: it takes 8 ms of processor time. */
async function readDocuments(path: string, settings: string | undefined, kubeconfig: string | undefined): Promise<Documents> {
  if (settings === undefined && !holdsContent(kubeconfig)) return { file: { path } };
  const documents = await import('./documents.js');
  return documents.readDocuments(path, settings, kubeconfig);
}

/** Doubts about a settings file that is not read: reported as warnings, or beside the problems that this causes. */
function withDoubts(source: ConfigSource, doubts: readonly Problem[]): ParsedConfig {
  try {
    const parsed = parseConfig(source);
    return { ...parsed, warnings: [...parsed.warnings, ...doubts] };
  } catch (error) {
    throw error instanceof ConfigError && doubts.length > 0 ? new ConfigError([...error.problems, ...doubts]) : error;
  }
}

/** Warns of a file with the other ending of YAML, which is not read. */
async function otherEnding(path: string, files: Pick<Files, 'readText'>): Promise<readonly Problem[]> {
  const other = path.replace(/\.yml$/, '.yaml');
  const found = other === path ? undefined : await files.readText(other).catch(() => undefined);
  const hint = `If it contains the settings, rename it to ${quote(path)}, or set ${settingText('config')} to it.`;
  return found === undefined ? [] : [{ where: 'settings file', message: `${quote(other)} is not read`, hint }];
}

async function read(path: string, where: string, files: Pick<Files, 'readText'>): Promise<string | undefined> {
  try {
    return await files.readText(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    const reason = reasons[code ?? ''] ?? messageOf(error);
    throw new ConfigError([{ where, message: `${quote(path)} cannot be read: ${reason}`, hint: 'Give a file that this user is allowed to read.' }]);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder', EACCES: 'this user is not allowed to read it', EPERM: 'this user is not allowed to read it', ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the path is too long', ELOOP: 'its symbolic links form a loop',
};

/** The path with the home folder for `~`, which only a shell would replace. */
function inHome(path: string, env: Readonly<Record<string, string | undefined>>): string {
  return /^~(?:\/|$)/.test(path) && env['HOME'] ? `${env['HOME']}${path.slice(1)}` : path;
}

async function withKubeconfig(parsed: ParsedConfig, path: string, files: Pick<Files, 'readText'>): Promise<ParsedConfig> {
  const fail = (fault: Fault): never => {
    const problem: Problem = { where: 'kubeconfig', ...fault };
    throw new ConfigError([problem]);
  };
  const text = await read(path, 'kubeconfig', files);
  if (text === undefined) return fail({ message: `the file ${quote(path)} does not exist`, hint: `Check the path, and that ${placeWords().before} writes the file.` });
  const { kubeconfigSecrets, readKubeconfig } = await import('./kubeconfig.js');
  const checked = readKubeconfig(text);
  if (!checked.ok) return fail({ message: `${quote(path)} ${checked.faults[0]?.message}`, hint: 'Give the path of a kubeconfig.' });
  const context = contextFault(checked.value, parsed.config.cluster.context);
  if (context) return fail({ ...context, message: `${quote(path)} ${context.message}` });
  const config = { ...parsed.config, cluster: { ...parsed.config.cluster, kubeconfig: { path } } };
  return { ...parsed, config, secrets: distinct([...parsed.secrets, ...kubeconfigSecrets(text)]), names: [...parsed.names, ...checked.value.names] };
}
