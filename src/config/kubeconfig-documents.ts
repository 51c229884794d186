import { parseAllDocuments, type Document, type ScalarTag } from 'yaml';

/** The text of a kubeconfig, as kubectl reads it: of several documents the first, and of equal keys the last. */
interface KubeconfigDocuments {
  /** The first document; undefined when it cannot be read. `null` for an empty one. */
  readonly value: unknown;
  /** Every document, or what could be read of it, with those that kubectl does not read: they may contain secrets too. */
  readonly all: readonly unknown[];
  /** Whether something in the text is not in `all`: a part that cannot be read, or the first of equal keys. */
  readonly hasMore: boolean;
  /** The line of the first document from which on it cannot be read, counted from 1; undefined if it can, or the line is not known. */
  readonly line?: number;
}

const binary: ScalarTag = { tag: 'tag:yaml.org,2002:binary', resolve: (text) => Buffer.from(text, 'base64').toString('utf8') };

/** A run asks for its kubeconfig several times, and parsing YAML is costly before the parser is compiled. */
let last: { readonly text: string; readonly read: KubeconfigDocuments } | undefined;

export function readKubeconfigDocuments(text: string): KubeconfigDocuments {
  if (last?.text !== text) last = { text, read: parsed(text) };
  return last.read;
}

/** The first document, to be changed and written; undefined when it cannot be parsed, or there is none. */
export const editableKubeconfig = (text: string): Document | undefined => documentsIn(text)?.[0];

function parsed(text: string): KubeconfigDocuments {
  const documents = documentsIn(text);
  if (documents === undefined) return { value: undefined, all: [], hasMore: true };
  const read = documents.map((document) => {
    const value = valueOf(document);
    return { value, isRead: value !== undefined && document.errors.every(({ code }) => code === 'DUPLICATE_KEY') };
  });
  const [first] = read;
  return {
    value: first === undefined ? null : first.isRead ? first.value : undefined,
    all: read.map(({ value }) => value),
    hasMore: read.some(({ isRead }) => !isRead) || documents.some(({ errors }) => errors.length > 0),
    ...(first?.isRead === false && { line: lineOf(text, documents[0]) }),
  };
}

function lineOf(text: string, document: Document | undefined): number | undefined {
  const at = document?.errors.find(({ code }) => code !== 'DUPLICATE_KEY')?.pos[0];
  return at === undefined ? undefined : text.slice(0, at).split('\n').length;
}

/**
 * Undefined for what the parser fails on. Equal keys are an error that is let pass: without it, they would not be noticed.
 */
function documentsIn(text: string): readonly Document[] | undefined {
  try {
    return [...parseAllDocuments(text, { customTags: [binary], logLevel: 'silent', merge: true, prettyErrors: false, strict: false })];
  } catch {
    return undefined;
  }
}

/** Undefined where an alias names nothing, or aliases are used to make it huge. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch {
    return undefined;
  }
}
