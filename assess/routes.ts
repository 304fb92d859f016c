import { conditionTypes, findCondition, refusalReasons } from '../api/conditions.ts';
import { type HTTPRoute, isCurrent, type ObservedCondition, type RouteParentStatus, sameParent } from '../api/gateway-api.ts';
import type { Context } from '../render/children.ts';
import { nameOf } from '../render/identity.ts';
import { wantsManagedRoute } from '../render/route.ts';
import { type ConditionChange, clearCondition, markFalse, markStopped, markTrue } from './condition-change.ts';

/**
 * `HTTPRoutesReady` (R5.86, R5.87). A managed route that is wanted but not there is not ready (B5.19).
 *
 * @param routes the routes of the service: its own ones, and the managed one as the server returned it
 */
export function assessRoutes(context: Context, routes: readonly HTTPRoute[]): ConditionChange {
  const type = conditionTypes.httpRoutesReady;
  if (context.stopped) return markStopped(type);
  if (!context.spec.router?.route?.http) return clearCondition(type);
  const problems = routes.flatMap((route) => {
    const problem = explainRoute(route);
    return problem === undefined ? [] : [`${route.metadata.namespace}/${route.metadata.name}: ${problem}`];
  });
  if (routes.length === 0 && wantsManagedRoute(context)) {
    problems.push(`${context.service.metadata.namespace}/${nameOf(context, 'route')}: the route does not exist`);
  }
  if (problems.length === 0) return markTrue(type);
  return markFalse(type, 'HTTPRoutesNotReady', `The following HTTPRoutes are not ready: [${problems.join(' ')}]`);
}

/**
 * Why a route is not ready; undefined when it is (R5.88). Every parent that the spec names must have been accepted by a
 * controller, and what controllers say about these parents must be good. Entries without `Accepted` come from policy
 * controllers and do not count; entries of parents that are no longer in the spec do not either (B5.18).
 */
export function explainRoute(route: HTTPRoute): string | undefined {
  const namespace = route.metadata.namespace ?? '';
  const parents = route.spec?.parentRefs ?? [];
  if (parents.length === 0) return 'the route has no parent gateway';
  const reports = reportsOn(route).filter(({ conditions }) => findCondition(conditions, 'Accepted'));
  for (const { conditions } of reports) {
    const problem = firstProblem(conditions ?? [], route);
    if (!problem) continue;
    const words = `"${problem.status}" (reason "${problem.reason ?? ''}", message "${problem.message ?? ''}")`;
    return isCurrent(problem, route.metadata) ? words : `${words} of an older generation`;
  }
  const waiting = parents.filter((parent) => !reports.some((status) => sameParent(parent, status.parentRef, namespace)));
  if (waiting.length === 0) return undefined;
  return `not accepted yet by ${waiting.map((parent) => `${parent.namespace ?? namespace}/${parent.name}`).join(', ')}`;
}

/** What controllers say about the parents that the spec names. */
export function reportsOn({ metadata: { namespace = '' }, spec, status }: HTTPRoute): RouteParentStatus[] {
  return (status?.parents ?? []).filter(({ parentRef }) => (spec?.parentRefs ?? []).some((parent) => sameParent(parent, parentRef, namespace)));
}

/** What a gateway refuses about a route. */
export interface Refusal {
  readonly reason: (typeof refusalReasons)[keyof typeof refusalReasons];
  /** In the words of the gateway. */
  readonly words: string;
}

/**
 * What a gateway refuses about a route as it stands. Only an answer that names the present generation is one; a gateway that has not looked
 * yet (`Pending`) has not answered (B5.12).
 */
export function refusalOf(route: HTTPRoute): Refusal | undefined {
  const { namespace, generation } = route.metadata;
  for (const { parentRef, conditions } of reportsOn(route)) {
    for (const [type, reason] of [
      ['ResolvedRefs', refusalReasons.backends],
      ['Accepted', refusalReasons.route],
    ] as const) {
      const told = findCondition(conditions, type);
      if (told?.status !== 'False' || told.reason === 'Pending' || !generation || told.observedGeneration !== generation) continue;
      const words = [told.reason, told.message].filter(Boolean).join(': ');
      return { reason, words: `${parentRef.namespace ?? namespace}/${parentRef.name} says ${words}` };
    }
  }
  return undefined;
}

/** The first offending condition of one report: `Accepted`, then `ResolvedRefs`, which must be there (R5.90). */
function firstProblem(conditions: readonly ObservedCondition[], route: HTTPRoute): ObservedCondition | undefined {
  const missing = (type: string): ObservedCondition => ({ type, status: 'Unknown', reason: 'ConditionMissing', message: `${type} is not reported` });
  return ['Accepted', 'ResolvedRefs']
    .map((type) => findCondition(conditions, type) ?? missing(type))
    .find((condition) => condition.status !== 'True' || !isCurrent(condition, route.metadata));
}
