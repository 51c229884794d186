import { LineCounter, parseAllDocuments, type Document } from 'yaml';
import type { Config } from '../config/config.js';
import { sameRepository } from '../image/reference.js';
import type { Finding } from '../outcome/finding.js';
import { placeWords } from '../outcome/place-words.js';
import { messageOf } from '../outcome/wording.js';
import { at, listOf, recordOf, textOf } from '../policy/objects/read.js';
import { workloadsIn } from '../policy/objects/workloads.js';
import type { Path, PolicyObject } from '../policy/input.js';
import type { Files } from '../ports/files.js';

/** Bytes of a file, and files of a folder, that are read. */
const [largest, mostFiles] = [1024 * 1024, 500];

export interface PolicyFiles {
  readonly objects: readonly PolicyObject[];
  /** Files that could not be read, in sentences. */
  readonly notes: readonly string[];
  /** Paths that do not exist. */
  readonly problems: readonly Finding[];
}

type FilePorts = Pick<Files, 'readText' | 'namesIn'>;

/** The Kubernetes objects and compose services in `policy.files`, each with its place. Files in a folder that hold neither are left out. */
export async function readPolicyFiles(files: FilePorts, { policy, image }: Pick<Config, 'policy' | 'image'>): Promise<PolicyFiles> {
  const all = await Promise.all(policy.files.map((path) => readPath(files, path, image)));
  return {
    objects: all.flatMap(({ objects }) => objects), notes: all.flatMap(({ notes }) => notes), problems: all.flatMap(({ problems }) => problems),
  };
}

const nothing: PolicyFiles = { objects: [], notes: [], problems: [] };

async function readPath(files: FilePorts, path: string, image: string | undefined): Promise<PolicyFiles> {
  const names = await files.namesIn(path);
  if (names === undefined) {
    const text = await files.readText(path);
    if (text !== undefined) return readFile(path, text, image, 'named');
    return { ...nothing, problems: [{ cause: 'config-invalid', message: `The file ${path} of \`policy.files\` does not exist.`, hint: placeWords().checkOut }] };
  }
  const yaml = names.filter((name) => /\.(?:ya?ml|json)$/i.test(name)).sort();
  const read = await Promise.all(yaml.slice(0, mostFiles).map(async (name) => {
    const file = `${path.replace(/\/$/, '')}/${name}`;
    return readFile(file, await files.readText(file) ?? '', image, 'of a folder');
  }));
  const more = yaml.length > mostFiles ? [`The folder ${path} has ${yaml.length} files; the policy rules read the first ${mostFiles}.`] : [];
  return { ...nothing, objects: read.flatMap(({ objects }) => objects), notes: [...read.flatMap(({ notes }) => notes), ...more] };
}

/** The objects of one file. */
function readFile(file: string, text: string, image: string | undefined, how: 'named' | 'of a folder'): PolicyFiles {
  if (Buffer.byteLength(text) > largest) return { ...nothing, notes: [`The policy rules do not read ${file}: it is larger than 1 MiB.`] };
  const lines = new LineCounter();
  try {
    const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent', merge: true });
    const read = (Array.isArray(documents) ? documents : []).flatMap((document) => objectsIn(file, document, lines));
    const objects = read.map((object) => ({ ...object, deployed: deployedBy(object, image) }));
    return objects.length > 0 || how === 'of a folder' ? { ...nothing, objects } : { ...nothing, notes: [`The file ${file} of \`policy.files\` holds neither Kubernetes objects nor compose services.`] };
  } catch (error) {
    return { ...nothing, notes: [`The policy rules cannot read ${file} as YAML: ${messageOf(error)}`] };
  }
}

/** @throws Error for what is no YAML, such as the template of a chart, or has too many aliases */
function objectsIn(file: string, document: Document.Parsed, lines: LineCounter): PolicyObject[] {
  const [error] = document.errors;
  if (error) throw new Error(error.message);
  const value: unknown = document.toJS({ maxAliasCount: 1000 });
  const object = (form: PolicyObject['form'], within: Path, subject: string): PolicyObject => ({
    subject: `${file}: ${subject}`, form, object: at(value, ...within), origin: { kind: 'file', file, within, lineOf: (path) => lineAt(document, lines, [...within, ...path]) },
  });
  const services = recordOf(at(value, 'services'));
  if (textOf(at(value, 'apiVersion')) === undefined) return Object.keys(services).map((name) => object('compose-service', ['services', name], `service/${name}`));
  const isList = /List$/.test(textOf(at(value, 'kind')) ?? '') && Array.isArray(at(value, 'items'));
  const places: readonly Path[] = isList ? listOf(at(value, 'items')).map((_, index) => ['items', index]) : [[]];
  return places.map((within) => object('kubernetes', within, `${textOf(at(value, ...within, 'kind')) ?? 'object'}/${textOf(at(value, ...within, 'metadata', 'name')) ?? '(unnamed)'}`));
}

/** The line of a part of a document, or of the nearest part around it. */
function lineAt(document: Document.Parsed, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range as readonly number[] | null | undefined : undefined;
    if (range?.[0] !== undefined) return lines.linePos(range[0]).line;
  }
  return lines.linePos(document.contents?.range?.[0] ?? 0).line;
}

/** The containers that run the image of this run, or one that compose builds. */
function deployedBy(object: PolicyObject, image: string | undefined): ReadonlySet<string> | undefined {
  if (image === undefined) return undefined;
  const containers = workloadsIn([object]).flatMap((workload) => workload.containers);
  const isBuilt = object.form === 'compose-service' && at(object.object, 'build') !== undefined;
  return new Set(containers.filter((container) => isBuilt || sameRepository(container.image, image)).map(({ name }) => name));
}
