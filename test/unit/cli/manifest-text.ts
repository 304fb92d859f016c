import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs `use` with a directory that holds these files, by name; it goes away afterwards. */
export function withFiles<T>(files: Readonly<Record<string, string>>, use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'llmisvc-manifests-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A manifest whose `spec` starts on line 5, its fields on line 6, from the lines below `spec:`. */
export const serviceText = (...spec: readonly string[]): string =>
  [
    'apiVersion: serving.kserve.io/v1alpha2',
    'kind: LLMInferenceService',
    'metadata:',
    '  name: qwen',
    'spec:',
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n');

export const configText = (name: string, ...spec: readonly string[]): string =>
  serviceText(...spec)
    .replace('LLMInferenceService', 'LLMInferenceServiceConfig')
    .replace('qwen', name);
