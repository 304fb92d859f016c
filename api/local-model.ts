import { annotations as annotationKeys, labels as labelKeys } from './metadata.ts';
import type { LLMInferenceService } from './types.ts';

/** A LocalModelCache or LocalModelNamespaceCache, as far as it concerns services (R1.57a). */
export interface LocalModelCache {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly sourceModelUri?: string; readonly nodeGroups?: readonly string[] };
}

/** Whether a service may have its model from a local cache at all: it names one and does not opt out (R1.56 step 5). */
export function mayBeCached({ metadata, spec }: LLMInferenceService): boolean {
  return (spec?.model?.uri ?? '') !== '' && !(annotationKeys.disableLocalModel in (metadata.annotations ?? {}));
}

/**
 * Marks a service whose model is in a local cache, and takes the marks off one whose model is not (R1.56 step 5, R1.57). The
 * caches are in order of precedence; among equals the longest source URI wins, then the name (B24).
 */
export function labelLocalModel(service: LLMInferenceService, caches: readonly LocalModelCache[]): LLMInferenceService {
  const { labels = {}, annotations = {} } = service.metadata;
  const uri = service.spec?.model?.uri ?? '';
  const hit = mayBeCached(service) ? findCache(uri, annotations[annotationKeys.nodeGroup], caches) : undefined;
  const nextLabels = withKeys(labels, {
    [labelKeys.localModel]: hit?.cache.metadata.name,
    [labelKeys.localModelNamespace]: hit?.cache.metadata.namespace,
  });
  const nextAnnotations = withKeys(annotations, {
    [annotationKeys.localModelSourceUri]: hit?.source,
    [annotationKeys.localModelPvcName]: hit?.claim,
  });
  if (nextLabels === labels && nextAnnotations === annotations) return service;
  const { labels: _l, annotations: _a, ...metadata } = service.metadata;
  return {
    ...service,
    metadata: {
      ...metadata,
      ...(Object.keys(nextLabels).length > 0 || service.metadata.labels ? { labels: nextLabels } : {}),
      ...(Object.keys(nextAnnotations).length > 0 || service.metadata.annotations ? { annotations: nextAnnotations } : {}),
    },
  };
}

interface Hit {
  readonly cache: LocalModelCache;
  readonly source: string;
  readonly claim: string;
}

function findCache(uri: string, nodeGroup: string | undefined, caches: readonly LocalModelCache[]): Hit | undefined {
  const hits = caches.flatMap((cache): Hit[] => {
    const { sourceModelUri: source = '', nodeGroups = [] } = cache.spec ?? {};
    const fits = coversUri(source, uri) && (nodeGroup === undefined || nodeGroups.includes(nodeGroup));
    return fits ? [{ cache, source, claim: `${cache.metadata.name}-${nodeGroup ?? nodeGroups[0] ?? ''}` }] : [];
  });
  const scoped = hits.filter(({ cache }) => cache.metadata.namespace !== undefined);
  const byPrecedence = (scoped.length > 0 ? scoped : hits).toSorted(
    (a, b) => b.source.length - a.source.length || (a.cache.metadata.name < b.cache.metadata.name ? -1 : 1),
  );
  return byPrecedence[0];
}

const withoutSlash = (uri: string): string => uri.replace(/\/$/, '');

/** Whether the model is the cached one or lies below it; a slash at the end does not matter. */
function coversUri(source: string, uri: string): boolean {
  const [base, model] = [withoutSlash(source), withoutSlash(uri)];
  return model === base || model.startsWith(`${base}/`);
}

/** The map with keys set or, where the value is undefined, removed; the same map when nothing changes. */
function withKeys(map: Record<string, string>, values: Record<string, string | undefined>): Record<string, string> {
  if (Object.entries(values).every(([key, value]) => map[key] === value)) return map;
  const next = { ...map };
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) delete next[key];
    else next[key] = value;
  }
  return next;
}
