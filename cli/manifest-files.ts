import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';
import type { KubeObject } from '../api/kubernetes.ts';

/** An object as it stands in a manifest file. */
export interface Manifest {
  readonly file: string;
  readonly object: KubeObject;
  /** Line on which a field stands, or the closest parent that is written down; the first line of the document for the empty path. */
  lineOf(fieldPath: string): number;
}

/** A file that cannot be read as Kubernetes objects. The message names file and line. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/**
 * Reads the objects of YAML or JSON files. A directory stands for the `.yaml`, `.yml` and `.json` files in it, `-` for standard
 * input; `List` objects are unfolded.
 *
 * @throws ManifestError
 */
export function readManifests(paths: readonly string[]): Manifest[] {
  return paths.flatMap(filesOf).flatMap(readFile);
}

function filesOf(path: string): string[] {
  if (path === '-') return [path];
  let directory: boolean;
  try {
    directory = statSync(path).isDirectory();
  } catch {
    throw new ManifestError(`${path}: no such file or directory`);
  }
  if (!directory) return [path];
  const files = readdirSync(path).filter((name) => /\.(ya?ml|json)$/.test(name));
  return files.sort().map((name) => join(path, name));
}

function readFile(file: string): Manifest[] {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  const shown = file === '-' ? 'standard input' : file;
  const lines = new LineCounter();
  const found: Manifest[] = [];
  for (const document of parseAllDocuments<ParsedNode>(text, { lineCounter: lines })) {
    const [error] = document.errors;
    if (error) throw new ManifestError(`${shown}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    const line = (path: string): number => lineOfField(document, lines, path);
    if (!isKubeObject(value))
      throw new ManifestError(`${shown}:${line('')}: this is not a Kubernetes object: apiVersion, kind and metadata are needed`);
    if (value.kind === 'List' && Array.isArray(value.items)) {
      value.items.forEach((object: KubeObject, i) => {
        found.push({ file: shown, object, lineOf: (path) => line(path ? `items[${i}].${path}` : `items[${i}]`) });
      });
    } else {
      found.push({ file: shown, object: value, lineOf: line });
    }
  }
  return found;
}

function isKubeObject(value: unknown): value is KubeObject {
  if (typeof value !== 'object' || value === null) return false;
  const { apiVersion, kind, metadata, items } = value as Record<string, unknown>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && (typeof metadata === 'object' || Array.isArray(items));
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
