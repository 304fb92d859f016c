import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../api/kubernetes.ts';

const charts = join(import.meta.dirname, '../../../charts');

/** The objects of a file in charts/kserve-llmisvc-resources/files. */
export function plainObjects<T = KubeObject>(file: string): T[] {
  const text = readFileSync(join(charts, 'kserve-llmisvc-resources/files', file), 'utf8');
  return parseAllDocuments(text)
    .map((document) => document.toJS() as T | null)
    .filter((object) => object !== null);
}

/** The default values of a chart. */
export function valuesOf(chart: string): Record<string, never> & { kserve: never } {
  return parse(readFileSync(join(charts, chart, 'values.yaml'), 'utf8'));
}
