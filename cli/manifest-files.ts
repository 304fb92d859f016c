import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Document,
  type DocumentOptions,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  type SchemaOptions,
} from 'yaml';
import type { KubeObject } from '../api/kubernetes.ts';

/** An object as it stands in a manifest file. */
export interface Manifest {
  readonly file: string;
  readonly object: KubeObject;
  /** Line on which a field stands, or the closest parent that is written down; the first line of the document for the empty path. */
  lineOf(fieldPath: string): number;
}

/** Files that cannot be read as Kubernetes objects, or objects in them that cannot be used. Each problem names file and line. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** `FILE:LINE: error: TEXT`, which editors and CI systems understand. */
export const problemAt = (file: string, line: number | undefined, text: string): string =>
  `${file}:${line === undefined ? '' : `${line}:`} error: ${text}`;

/** Numbers and booleans as kubectl reads them, which are those of YAML 1.1 (`0644`, `yes`) without its dates and times. */
const yamlOptions: DocumentOptions & SchemaOptions = {
  version: '1.1',
  customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !(tag.format === 'TIME' || /:(timestamp|binary)$/.test(tag.tag))),
};

/**
 * Reads the objects of YAML or JSON files. A directory stands for the `.yaml`, `.yml` and `.json` files in it, `-` for standard
 * input; `List` objects are unfolded.
 *
 * @throws ManifestError with everything that is wrong in any of the files
 */
export function readManifests(paths: readonly string[]): Manifest[] {
  const problems: string[] = [];
  const attempt = <T>(read: () => T[]): T[] => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  };
  const files = paths.flatMap((path) => attempt(() => filesOf(path)));
  const manifests = files.flatMap((file) => attempt(() => readFile(file)));
  if (problems.length > 0) throw new ManifestError(problems);
  return manifests;
}

function filesOf(path: string): string[] {
  if (path === '-') return [path];
  const entry = statSync(path, { throwIfNoEntry: false });
  if (!entry) throw new ManifestError([problemAt(path, undefined, 'no such file or directory')]);
  if (!entry.isDirectory()) return [path];
  const files = readdirSync(path).filter((name) => /\.(ya?ml|json)$/.test(name));
  if (files.length === 0) throw new ManifestError([problemAt(path, undefined, 'no .yaml, .yml or .json file in this directory')]);
  return files.sort().map((name) => join(path, name));
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new ManifestError([problemAt(file, undefined, `cannot be read: ${(error as Error).message}`)]);
  }
}

function readFile(file: string): Manifest[] {
  const shown = file === '-' ? 'standard input' : file;
  const lines = new LineCounter();
  const documents = parseAllDocuments<ParsedNode>(readText(file), { ...yamlOptions, lineCounter: lines });
  const problems: string[] = [];
  const manifests = [...documents].flatMap((document) => {
    const line = (path: string): number => lineOfField(document, lines, path);
    const [error] = document.errors;
    const problem = error && problemAt(shown, error.linePos?.[0].line ?? line(''), `not valid YAML: ${withoutPosition(error.message)}`);
    if (problem) problems.push(problem);
    return problem ? [] : objectsOf(document, (path, text) => problems.push(problemAt(shown, line(path), text)), shown, line);
  });
  if (problems.length > 0) throw new ManifestError(problems);
  return manifests;
}

/** The parser's message is followed by the position and an excerpt. */
const withoutPosition = (message: string): string => (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');

function objectsOf(
  document: Document.Parsed<ParsedNode>,
  complain: (path: string, text: string) => void,
  file: string,
  line: (path: string) => number,
): Manifest[] {
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    complain('', `not valid YAML: ${(error as Error).message}`);
    return [];
  }
  if (value === null || value === undefined) return [];
  const items = isFields(value) && value.kind === 'List' && Array.isArray(value.items) ? (value.items as unknown[]) : undefined;
  const entries = items?.map((item, i): [unknown, string] => [item, `items[${i}]`]) ?? [[value, '']];
  return entries.flatMap(([object, prefix]) => {
    const missing = whatIsMissing(object);
    if (missing) complain(prefix, missing);
    const lineOf = (path: string): number => line([prefix, path].filter(Boolean).join('.'));
    return missing ? [] : [{ file, object: object as KubeObject, lineOf }];
  });
}

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Why a value is no Kubernetes object; undefined when it is one. */
function whatIsMissing(value: unknown): string | undefined {
  if (!isFields(value)) return 'this is not a Kubernetes object, which starts with apiVersion, kind and metadata';
  const missing = [
    ...['apiVersion', 'kind'].filter((field) => typeof value[field] !== 'string' || value[field] === ''),
    ...(isFields(value.metadata) ? [] : ['metadata']),
  ];
  if (missing.length === 0) return undefined;
  return `this is not a Kubernetes object: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
}

/** Splits `spec.template.containers[0].name` and `metadata.annotations[a.b/c]` into keys and indexes. */
function stepsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([whole, inBrackets]) => {
    if (inBrackets === undefined) return whole;
    return /^\d+$/.test(inBrackets) ? Number(inBrackets) : inBrackets;
  });
}

function lineOfField(document: Document.Parsed<ParsedNode>, lines: LineCounter, path: string): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? document.range[0];
  for (const step of stepsOf(path)) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!pair) break;
      offset = (pair.key as ParsedNode).range[0];
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step] as ParsedNode | undefined;
      if (!item) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return lines.linePos(offset).line;
}
