import type { HTTPRoute } from '../api/gateway-api.ts';
import type { HTTPRouteMatch, HTTPRouteRule } from '../api/types.ts';
import { carriesHeader } from '../render/model-routing.ts';

/** The three URL families of R5.30. */
type Family = 'publisher' | 'path' | 'modelRouting';

interface Candidate {
  readonly path: string;
  readonly family: Family;
  /** Whether the rule leads to a Service, not only to a pool: a Service answers any path below (R5.57). */
  readonly servedByService: boolean;
}

/** A path under which a route is advertised. */
export interface AdvertisedPath {
  readonly path: string;
  /** Whether it leads to the model only together with the header that names it. */
  readonly modelRouting: boolean;
}

/**
 * The paths under which a route is advertised: the shallowest of each URL family, sorted by depth and length, at least `/`
 * (R5.57, R5.58).
 *
 * @param header name of the header for model-based routing; empty when there is none
 */
export function advertisedPaths(route: HTTPRoute, header: string): AdvertisedPath[] {
  const namespace = route.metadata.namespace ?? '';
  const candidates = (route.spec?.rules ?? []).flatMap((rule) => candidatesOf(rule, header, namespace));
  // The header comes last: a path that leads to the model without it, too, does not need it.
  const families: Family[] = ['publisher', 'path', 'modelRouting'];
  const paths = new Map<string, AdvertisedPath>();
  for (const family of families) {
    for (const path of shallowest(candidates.filter((candidate) => candidate.family === family))) {
      if (!paths.has(path)) paths.set(path, { path, modelRouting: family === 'modelRouting' });
    }
  }
  const sorted = [...paths.values()].sort((a, b) => byDepth(a.path, b.path));
  return sorted.length > 0 ? sorted : [{ path: '/', modelRouting: false }];
}

function candidatesOf(rule: HTTPRouteRule, header: string, namespace: string): Candidate[] {
  const servedByService = (rule.backendRefs ?? []).some((backend) => (backend.kind ?? 'Service') === 'Service');
  return (rule.matches ?? []).flatMap((match) => {
    const path = match.path?.value || '/';
    const family = familyOf(match, path, header, namespace);
    return family ? [{ path, family, servedByService }] : [];
  });
}

function familyOf(match: HTTPRouteMatch, path: string, header: string, namespace: string): Family | undefined {
  if (carriesHeader(match, header)) return 'modelRouting';
  if ((match.headers ?? []).length > 0) return undefined;
  return isPublisherPath(path, namespace) ? 'publisher' : 'path';
}

/** In a namespace called `publishers`, the paths of its services begin like those of models, and only what follows tells (B5.13). */
function isPublisherPath(path: string, namespace: string): boolean {
  return path.startsWith('/publishers/') && (namespace !== 'publishers' || /^\/publishers\/[^/]+\/models\//.test(path));
}

function shallowest(candidates: readonly Candidate[]): string[] {
  const served = candidates.filter((candidate) => candidate.servedByService);
  return (served.length > 0 ? served : candidates)
    .map((candidate) => candidate.path)
    .sort(byDepth)
    .slice(0, 1);
}

const depth = (path: string): number => path.split('/').length;
const byDepth = (a: string, b: string): number => depth(a) - depth(b) || a.length - b.length;
