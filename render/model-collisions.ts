import type { LLMInferenceService } from '../api/types.ts';
import type { Context, EventText } from './children.ts';
import { declaredNames, publishedNames, qualifiedName } from './model-names.ts';
import { routingGroupOf } from './routing-group.ts';

/** Header matches and publisher paths of two services that name the same model shadow each other; this says so (R5.129). */
export function reportCollisions(context: Context, others: readonly LLMInferenceService[]): EventText | undefined {
  const { name, namespace } = context.service.metadata;
  const own = new Map(declaredNames(context.spec, name).map((model) => [qualifiedName(namespace, model), model]));
  const ownGroup = context.spec.router?.route?.group;
  const models = new Set<string>();
  const services: string[] = [];
  for (const other of others) {
    if (other.metadata.name === name || other.metadata.deletionTimestamp) continue;
    if (ownGroup && routingGroupOf(other) === ownGroup) continue;
    const shared = claimedNames(other).flatMap((claimed) => own.get(claimed) ?? []);
    if (shared.length === 0) continue;
    for (const model of shared) models.add(model);
    services.push(other.metadata.name ?? '');
  }
  if (services.length === 0) return undefined;
  const quoted = [...models].sort().map((model) => `"${model}"`);
  return {
    type: 'Warning',
    reason: 'ModelNameCollision',
    message:
      `Model name ${quoted.join(', ')} is also served by ${services.sort().join(', ')} in namespace ${namespace}: the gateway will shadow one of them ` +
      `on shared publisher paths and model-routing headers. This service stays reachable under /${namespace}/${name}.`,
  };
}

/** The qualified names a service claims: what it published, or what its spec comes to while it has no addresses. */
function claimedNames(service: LLMInferenceService): string[] {
  if ((service.status?.addresses ?? []).length > 0) return publishedNames(service);
  const { name = '', namespace = '' } = service.metadata;
  return declaredNames(service.spec, name).map((model) => qualifiedName(namespace, model));
}
