import { get, type Inquiry, list } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { AppliedConfig, LLMInferenceServiceConfig } from '../api/types.ts';
import type { Layer } from './merge.ts';

/** A config that takes part in a merge, and what the status says about it (R2.28). */
export interface FoundConfig {
  readonly layer: Layer;
  readonly applied: AppliedConfig;
}

/** At most so many names are listed when a config is missing. */
const NAMES_LISTED = 12;

/**
 * A config by name: from the service's namespace, else from the system namespace (R2.17, R2.18). One that is being deleted
 * still counts (R2.19).
 */
export function* lookUpConfig(
  name: string,
  source: AppliedConfig['source'],
  namespace: string,
  systemNamespace: string,
): Inquiry<FoundConfig | Rejection> {
  const namespaces = [...new Set([namespace, systemNamespace])];
  for (const candidate of namespaces) {
    const config = yield* get<LLMInferenceServiceConfig>(kinds.config, candidate, name);
    if (config === undefined) continue;
    const applied: AppliedConfig = { name, namespace: candidate, source };
    return { layer: { origin: originOf(applied), spec: config.spec ?? emptySpec }, applied };
  }
  return notFound(name, `${namespace} ${systemNamespace}`, yield* knownNames(namespaces));
}

/** How a config is named in messages (R2.94). */
export function originOf({ source, namespace, name }: AppliedConfig): string {
  return `${source}:${namespace}/${name}`;
}

const emptySpec = {};

function* knownNames(namespaces: readonly string[]): Inquiry<string[]> {
  const names = new Set<string>();
  for (const namespace of namespaces) {
    for (const config of yield* list<LLMInferenceServiceConfig>(kinds.config, namespace)) names.add(config.metadata.name ?? '');
  }
  return [...names].sort();
}

function notFound(name: string, searched: string, known: readonly string[]): Rejection {
  const listed = known.slice(0, NAMES_LISTED).join(', ') + (known.length > NAMES_LISTED ? ', ...' : '');
  const message = `LLMInferenceServiceConfig ${JSON.stringify(name)} not found in namespaces [${searched}]`;
  const hint = name.endsWith('-pipeline-parallel') ? '; no preset for pipeline parallelism is shipped: create a config of this name' : '';
  return reject('ConfigNotFound', `${message}${hint}${known.length > 0 ? `; configs there: ${listed}` : ''}`);
}
