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

/**
 * The paths under which a route is advertised: the shallowest of each URL family, sorted by depth and length, at least `/`
 * (R5.57, R5.58).
 *
 * @param header name of the header for model-based routing; empty when there is none
 */
export function advertisedPaths(route: HTTPRoute, header: string): string[] {
  const candidates = (route.spec?.rules ?? []).flatMap((rule) => candidatesOf(rule, header));
  const families: Family[] = ['publisher', 'path', 'modelRouting'];
  const paths = families.flatMap((family) => shallowest(candidates.filter((candidate) => candidate.family === family)));
  const sorted = [...new Set(paths)].sort(byDepth);
  return sorted.length > 0 ? sorted : ['/'];
}

function candidatesOf(rule: HTTPRouteRule, header: string): Candidate[] {
  const servedByService = (rule.backendRefs ?? []).some((backend) => (backend.kind ?? 'Service') === 'Service');
  return (rule.matches ?? []).flatMap((match) => {
    const path = match.path?.value || '/';
    const family = familyOf(match, path, header);
    return family ? [{ path, family, servedByService }] : [];
  });
}

function familyOf(match: HTTPRouteMatch, path: string, header: string): Family | undefined {
  if (carriesHeader(match, header)) return 'modelRouting';
  if ((match.headers ?? []).length > 0) return undefined;
  return path.startsWith('/publishers/') ? 'publisher' : 'path';
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
