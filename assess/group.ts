import { conditionTypes, refusalReasons } from '../api/conditions.ts';
import type { HTTPRoute } from '../api/gateway-api.ts';
import type { EventText } from '../render/children.ts';
import type { GroupMember, RoutingGroup } from '../render/routing-group.ts';
import { type ConditionChange, clearCondition, markTrue } from './condition-change.ts';
import { explainRoute, refusalOf, reportsOn } from './routes.ts';

const { groupReady, groupDegraded } = conditionTypes;

/** A service without group has neither condition (R5.116). */
export const noGroup: readonly ConditionChange[] = [clearCondition(groupReady), clearCondition(groupDegraded)];

/**
 * Conditions of a group whose shared rules were written (R5.115), and an event when something is wrong with it. `GroupReady` says no more
 * than that they were written; what stands between that and the traffic is in its message (B5.12).
 *
 * @param route the managed route as the server returned it
 */
export function assessGroup(group: RoutingGroup, route: HTTPRoute): { conditions: ConditionChange[]; events: EventText[] } {
  const remarks = remarksOn(group, route);
  const ready = markTrue(groupReady, undefined, remarks.length > 0 ? remarks.join('; ') : undefined);
  const degraded = degradation(group, route);
  if (!degraded) return { conditions: [ready, clearCondition(groupDegraded)], events: [] };
  const { reason, message } = degraded;
  const event: EventText = { type: 'Warning', reason, message: `routing group "${group.name}": ${degraded.event}` };
  return { conditions: [ready, markTrue(groupDegraded, reason, message)], events: [event] };
}

const namesOf = (members: readonly GroupMember[]): string => members.map(({ name }) => name).join(', ');

const hasWeight = ({ stopped, weight }: GroupMember): boolean => !stopped && weight > 0;

function remarksOn({ self, matching, waiting }: RoutingGroup, route: HTTPRoute): string[] {
  const remarks: string[] = [];
  const problem = explainRoute(route);
  if (problem !== undefined) remarks.push(`the gateway does not follow the rules of ${self.name} as they stand: ${problem}`);
  const refused = [...matching, ...waiting].filter((member) => member.refused);
  if (refused.length > 0) remarks.push(`a gateway refuses the rules of ${namesOf(refused)}`);
  if (waiting.length > 0) {
    const alone = matching.some(hasWeight) ? '' : ', and nobody else has a weight';
    remarks.push(`left out until ready: ${namesOf(waiting)}${alone}`);
  }
  return [...remarks, ...remarksOnPools(matching, route)];
}

/** Gateways in which the weights of several InferencePools in one rule are known to work; others may pick no endpoints (B5.12). */
const TRIED_CONTROLLERS = /^istio\.io\//;

function remarksOnPools(matching: readonly GroupMember[], route: HTTPRoute): string[] {
  const pools = matching.filter(({ stopped, backend }) => !stopped && backend.kind === 'InferencePool');
  const controllers = new Set(reportsOn(route).flatMap(({ controllerName }) => controllerName || []));
  const untried = [...controllers].filter((name) => !TRIED_CONTROLLERS.test(name)).sort();
  if (pools.length < 2 || untried.length === 0) return [];
  return [`${pools.length} InferencePools share the rules by weight, which is known to work with Istio only: try it with ${untried.join(', ')}`];
}

interface Degradation {
  readonly reason: string;
  readonly message: string;
  readonly event: string;
}

function degradation(group: RoutingGroup, route: HTTPRoute): Degradation | undefined {
  const { self, matching, divergent, waiting } = group;
  if (divergent.length > 0) return divergence(self, divergent);
  if (![...matching, ...waiting].some(hasWeight)) {
    const message = 'all members that are not stopped have weight 0: requests on the shared paths are refused';
    return { reason: 'NoWeight', message, event: message };
  }
  const refusal = refusalOf(route);
  if (!refusal) return undefined;
  const message = `${refusal.reason === refusalReasons.backends ? 'backends' : 'rules'} of ${self.name}: ${refusal.words}`;
  return { reason: refusal.reason, message, event: message };
}

/** Members that share some models only have rules for these that are equal but for their backends; a gateway follows the oldest route. */
function divergence(self: GroupMember, divergent: readonly GroupMember[]): Degradation {
  const sets = [...new Set(divergent.map((member) => member.models.join('+')))].sort();
  const claimed = new Set(divergent.filter(({ stopped }) => !stopped).flatMap(({ models }) => models));
  const ambiguous = self.models.filter((model) => claimed.has(model));
  const advice = ambiguous.length > 0 ? `; requests for ${ambiguous.join(', ')} all go to the members of the oldest route` : '';
  return {
    reason: 'MemberDivergence',
    message: `group has members with different model sets: ${sets.join(', ')}${advice}`,
    event: 'members have divergent model.name or LoRA adapter sets; each set is routed on its own',
  };
}
