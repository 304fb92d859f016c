import { isGatewayReference } from '../api/gateway-api.ts';
import type { Inquiry } from '../api/inquiry.ts';
import { annotations } from '../api/metadata.ts';
import type { HTTPRouteMatch, HTTPRouteRule } from '../api/types.ts';
import type { Context } from './children.ts';
import { readGateways } from './gateways.ts';
import { qualifiedName } from './model-names.ts';

/**
 * Whether requests find the service by a header with the model name (R5.125, R2.98): a header is configured, the servers were
 * started with the qualified name (the presets say so by annotation), and neither the mode nor a gateway opts out. All
 * gateways the managed route is attached to are asked, the default one too (B5.13). Gateways that cannot be read do not opt out.
 */
export function* modelRoutingEnabled(context: Context): Inquiry<boolean> {
  const { modelBasedRoutingHeaderName: header, modelBasedRoutingMode: mode } = context.settings.ingress;
  if (!header || context.spec.annotations?.[annotations.modelBasedRouting] !== 'true') return false;
  if (mode !== 'enabled') return mode === 'forced';
  const { route, gateway } = context.spec.router ?? {};
  const parents = (route?.http?.spec?.parentRefs ?? []).filter(isGatewayReference);
  const { found, missing } = yield* readGateways([...(gateway?.refs ?? []), ...parents], context.service.metadata.namespace);
  const optsOut = found.some((g) => g.metadata.annotations?.[annotations.modelBasedRouting] === 'false');
  return missing.length > 0 || !optsOut;
}

/** Whether a match asks for the header. Header names have no case in HTTP (B5.13). */
export function carriesHeader(match: HTTPRouteMatch, header: string): boolean {
  return header !== '' && (match.headers ?? []).some((h) => sameHeader(h.name, header));
}

const sameHeader = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** A copy of a match in which the header asks for another value. */
export function withHeaderValue(match: HTTPRouteMatch, header: string, value: string): HTTPRouteMatch {
  return { ...match, headers: (match.headers ?? []).map((h) => (sameHeader(h.name, header) ? { ...h, value } : h)) };
}

/**
 * Adds to every rule, after its own matches, one copy of each match with the header for each LoRA adapter: grouped by original
 * match, adapters by name (R5.35).
 */
export function addAdapterMatches(rules: readonly HTTPRouteRule[], header: string, namespace: string, adapters: readonly string[]): HTTPRouteRule[] {
  const values = [...adapters].sort().map((adapter) => qualifiedName(namespace, adapter));
  return rules.map((rule) => {
    const copies = (rule.matches ?? [])
      .filter((match) => carriesHeader(match, header))
      .flatMap((match) => values.map((value) => withHeaderValue(match, header, value)));
    return copies.length > 0 ? { ...rule, matches: [...(rule.matches ?? []), ...copies] } : rule;
  });
}

/** Removes the matches with the header, and the rules that have no other (R5.36). A rule that never had a match stays (B5.14). */
export function stripModelRouting(rules: readonly HTTPRouteRule[], header: string): HTTPRouteRule[] {
  return rules.flatMap((rule) => {
    const matches = rule.matches ?? [];
    const kept = matches.filter((match) => !carriesHeader(match, header));
    if (kept.length === matches.length) return [rule];
    return kept.length > 0 ? [{ ...rule, matches: kept }] : [];
  });
}
