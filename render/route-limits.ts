import { type Rejection, reject } from '../api/rejection.ts';
import type { HTTPRouteMatch, HTTPRouteRule } from '../api/types.ts';
import { qualifiedName } from './model-names.ts';
import { addAdapterMatches, carriesHeader, withHeaderValue } from './model-routing.ts';

/** Limits of one HTTPRoute (R2b.73). Those of what users state are in the schema; these are for what is added to it. */
const MATCHES_PER_RULE = 64;
const MATCHES_PER_ROUTE = 127;
const RULES_PER_ROUTE = 16;
const BACKENDS_PER_RULE = 16;
const HEADER_VALUE_LENGTH = 4096;
const HEADER_VALUE = /^[!-~]+([\t ]?[!-~]+)*$/;

/**
 * Adds the matches of the LoRA adapters so that the route stays within the limits of the Gateway API (B5.2). Up to seven
 * adapters on the preset rules that is R5.35 as it stands. With more, in this order: a rule with too many matches goes on in
 * further rules of its own; adapters are not matched with a trailing slash; an adapter gets one prefix match in place of one
 * per path. Every step leaves the inference requests of an adapter with the backends they had.
 */
export function fitAdapterMatches(
  rules: readonly HTTPRouteRule[],
  header: string,
  namespace: string,
  adapters: readonly string[],
): HTTPRouteRule[] | Rejection {
  if (adapters.length === 0) return [...rules];
  const unfit = adapters.find((adapter) => !isHeaderValue(qualifiedName(namespace, adapter)));
  if (unfit !== undefined) return tooMuch(`the adapter name ${JSON.stringify(unfit)} cannot be the value of a header`, 'spec.model.lora.adapters');
  const layouts = [
    () => addAdapterMatches(rules, header, namespace, adapters),
    () => addAdapterMatches(rules, header, namespace, adapters).map((rule, i) => dropTrailingSlashes(rule, rules[i]?.matches?.length ?? 0)),
    () => rules.map((rule) => addPrefixMatches(rule, header, namespace, adapters)),
  ];
  for (const layout of layouts) {
    const split = layout().flatMap(splitRule);
    if (withinLimits(split)) return split;
  }
  const limits = `${adapters.length} LoRA adapters do not fit in one HTTPRoute, which holds ${RULES_PER_ROUTE} rules and ${MATCHES_PER_ROUTE} matches`;
  return tooMuch(`${limits}. Use fewer adapters, or switch model-based routing off for this service.`, 'spec.model.lora.adapters');
}

/** The rules of a grouped service, unless one has more backends than a rule may have. */
export function fitBackends(rules: readonly HTTPRouteRule[]): HTTPRouteRule[] | Rejection {
  const most = Math.max(0, ...rules.map((rule) => rule.backendRefs?.length ?? 0));
  if (most <= BACKENDS_PER_RULE) return [...rules];
  const limits = `a rule of an HTTPRoute has at most ${BACKENDS_PER_RULE} backends, and the routing group needs ${most}`;
  return tooMuch(`${limits}. Stop members, or divide the group.`, 'spec.router.route.group');
}

const isHeaderValue = (text: string): boolean => text.length <= HEADER_VALUE_LENGTH && HEADER_VALUE.test(text);

const tooMuch = (problem: string, field: string): Rejection => reject('HTTPRouteReconcileError', problem, { field });

function withinLimits(rules: readonly HTTPRouteRule[]): boolean {
  const matches = rules.reduce((sum, rule) => sum + Math.max(1, rule.matches?.length ?? 0), 0);
  return rules.length <= RULES_PER_ROUTE && matches <= MATCHES_PER_ROUTE;
}

/** Divides a rule whose matches are too many; all parts have its backends. Rule names are unique within a route. */
function splitRule(rule: HTTPRouteRule): HTTPRouteRule[] {
  const { matches = [], name, ...rest } = rule;
  if (matches.length <= MATCHES_PER_RULE) return [rule];
  const parts: HTTPRouteRule[] = [];
  for (let start = 0; start < matches.length; start += MATCHES_PER_RULE) {
    const suffix = start === 0 ? '' : `-${parts.length + 1}`;
    parts.push({ ...(name === undefined ? {} : { name: name + suffix }), ...rest, matches: matches.slice(start, start + MATCHES_PER_RULE) });
  }
  return parts;
}

/** Removes the added matches (those after the first `own`) whose exact path ends with a slash, where the same path without it is there. */
function dropTrailingSlashes(rule: HTTPRouteRule, own: number): HTTPRouteRule {
  const matches = rule.matches ?? [];
  const paths = new Set(matches.map((match) => match.path?.value ?? ''));
  const isDuplicate = ({ path }: HTTPRouteMatch): boolean => {
    const value = path?.value ?? '';
    return path?.type === 'Exact' && value.length > 1 && value.endsWith('/') && paths.has(value.slice(0, -1));
  };
  const kept = matches.filter((match, i) => i < own || !isDuplicate(match));
  return kept.length === matches.length ? rule : { ...rule, matches: kept };
}

/** Adds one match per adapter, with the longest path prefix that covers all matches of the rule with the header. */
function addPrefixMatches(rule: HTTPRouteRule, header: string, namespace: string, adapters: readonly string[]): HTTPRouteRule {
  const own = rule.matches ?? [];
  const [first, ...others] = own.filter((match) => carriesHeader(match, header));
  if (!first) return rule;
  const value = [first, ...others].map((match) => match.path?.value ?? '/').reduce(commonPrefix);
  const pattern = others.length === 0 ? first : { ...first, path: { type: 'PathPrefix', value } };
  const added = [...adapters].sort().map((adapter) => withHeaderValue(pattern, header, qualifiedName(namespace, adapter)));
  return { ...rule, matches: [...own, ...added] };
}

/** The path segments two paths begin with; `/` when there are none. */
function commonPrefix(a: string, b: string): string {
  const [left, right] = [a.split('/'), b.split('/')];
  const end = left.findIndex((segment, i) => segment !== right[i]);
  return (end < 0 ? left : left.slice(0, end)).join('/') || '/';
}
