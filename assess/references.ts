import { conditionTypes } from '../api/conditions.ts';
import { type HTTPRoute, isGatewayReference } from '../api/gateway-api.ts';
import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { Context } from '../render/children.ts';
import { readGateways } from '../render/gateways.ts';
import { type ConditionChange, clearCondition, markFalse } from './condition-change.ts';

/** What the validation of references found. When `failure` is set, the router goes no further in this pass. */
export interface ReferenceValidation {
  readonly conditions: readonly ConditionChange[];
  /** Text for the user; also the message of the condition that became False. */
  readonly failure?: string;
}

/**
 * Validates what `spec.router` refers to (R5.22): gateway references, own routes, parents of the managed route, parents of the
 * own routes. The first stage with a missing object ends it. A stage that passes removes the condition it could have set, so
 * that a `RefsInvalid` goes away also when a later stage fails (R5.23). A stopped service is not validated (B5.21).
 */
export function* validateReferences(context: Context): Inquiry<ReferenceValidation> {
  if (context.stopped) return { conditions: [] };
  const { gatewaysReady, httpRoutesReady } = conditionTypes;
  const { namespace } = context.service.metadata;
  const { gateway, route } = context.spec.router ?? {};

  const { missing } = yield* readGateways(gateway?.refs ?? [], namespace);
  if (missing.length > 0) return invalid([], gatewaysReady, missing.map((key) => `Gateway ${key} does not exist`).join('; '));
  const gatewaysValid = [clearCondition(gatewaysReady)];

  const { found: routes, missing: missingRoutes } = yield* readOwnRoutes(context);
  if (missingRoutes.length > 0) {
    const texts = missingRoutes.map((name) => `HTTPRoute ${namespace}/${name} does not exist`);
    return invalid(gatewaysValid, httpRoutesReady, texts.join('; '));
  }
  const routesValid = [...gatewaysValid, clearCondition(httpRoutesReady)];

  const parents = (route?.http?.spec?.parentRefs ?? []).filter(isGatewayReference);
  const { missing: missingParents } = yield* readGateways(parents, namespace);
  if (missingParents.length > 0) {
    const texts = missingParents.map((key) => `Managed HTTPRoute references non-existent Gateway ${key}`);
    return invalid(routesValid, httpRoutesReady, texts.join('; '));
  }

  const problems = yield* findParentProblems(routes);
  if (problems.length > 0) return invalid(routesValid, httpRoutesReady, `HTTPRoute target validation failed: ${problems.join('; ')}`);
  return { conditions: routesValid };
}

function invalid(passed: readonly ConditionChange[], type: string, message: string): ReferenceValidation {
  const kept = passed.filter((change) => change.type !== type);
  return { conditions: [...kept, markFalse(type, 'RefsInvalid', message)], failure: message };
}

/** The routes that `spec.router.route.http.refs` names, in list order, and the names of those that do not exist (R5.47). */
export function* readOwnRoutes(context: Context): Inquiry<{ readonly found: readonly HTTPRoute[]; readonly missing: readonly string[] }> {
  const found: HTTPRoute[] = [];
  const missing: string[] = [];
  for (const { name = '' } of context.spec.router?.route?.http?.refs ?? []) {
    const route = yield* get<HTTPRoute>(kinds.httpRoute, context.service.metadata.namespace, name);
    if (route) found.push(route);
    else missing.push(name);
  }
  return { found, missing };
}

function* findParentProblems(routes: readonly HTTPRoute[]): Inquiry<string[]> {
  const problems: string[] = [];
  for (const { metadata, spec } of routes) {
    const name = `HTTPRoute ${metadata.namespace}/${metadata.name}`;
    const parents = spec?.parentRefs ?? [];
    if (parents.length === 0) problems.push(`${name} has no parent gateway references`);
    const { missing } = yield* readGateways(parents.filter(isGatewayReference), metadata.namespace ?? '');
    problems.push(...missing.map((key) => `${name} references non-existent Gateway ${key}`));
  }
  return problems;
}
