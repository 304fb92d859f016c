import { conditionTypes, findCondition } from '../api/conditions.ts';
import { type Gateway, isCurrent } from '../api/gateway-api.ts';
import type { Context } from '../render/children.ts';
import { type ConditionChange, clearCondition, markFalse, markStopped, markTrue } from './condition-change.ts';

/** Whether a Gateway is programmed, as of its present generation (R5.83, B5.19). */
export function isGatewayReady(gateway: Gateway): boolean {
  const programmed = findCondition(gateway.status?.conditions, 'Programmed');
  return programmed?.status === 'True' && isCurrent(programmed, gateway.metadata);
}

/**
 * `GatewaysReady` (R5.82 - R5.85). Only a service with gateway references has it; the default gateway is not its business.
 *
 * @param gateways the Gateways that the routes are attached to and those that `gateway.refs` names (B5.19)
 */
export function assessGateways(context: Context, gateways: readonly Gateway[]): ConditionChange {
  const type = conditionTypes.gatewaysReady;
  if (context.stopped) return markStopped(type);
  if ((context.spec.router?.gateway?.refs ?? []).length === 0) return clearCondition(type);
  const notReady = gateways.filter((gateway) => !isGatewayReady(gateway)).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  if (notReady.length === 0) return markTrue(type);
  return markFalse(type, 'GatewaysNotReady', `The following Gateways are not ready: [${[...new Set(notReady)].join(' ')}]`);
}
