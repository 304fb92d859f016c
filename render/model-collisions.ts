import { findServices, type Inquiry } from '../api/inquiry.ts';
import type { LLMInferenceService } from '../api/types.ts';
import type { Context, EventText } from './children.ts';
import { declaredNames, publishedNames, qualifiedName } from './model-names.ts';
import { routingGroupOf } from './routing-group.ts';

/** Of a crowd that serves one model, this many are named: what is said must not change with each that joins. */
const NAMED = 10;

/** Header matches and publisher paths of two services that name the same model shadow each other; this says so (R5.129). */
export function* reportCollisions(context: Context): Inquiry<EventText | undefined> {
  const { name, namespace } = context.service.metadata;
  const own = new Map(declaredNames(context.spec, name).map((model) => [qualifiedName(namespace, model), model]));
  const others = yield* findServices(namespace, { by: 'model', keys: [...own.keys()] });
  const ownGroup = context.spec.router?.route?.group;
  const models = new Set<string>();
  const services: string[] = [];
  for (const other of others) {
    if (other.metadata.name === name) continue;
    if (ownGroup && routingGroupOf(other) === ownGroup) continue;
    const shared = collidingNames(other).flatMap((claimed) => own.get(claimed) ?? []);
    if (shared.length === 0) continue;
    for (const model of shared) models.add(model);
    services.push(other.metadata.name ?? '');
  }
  if (services.length === 0) return undefined;
  const quoted = [...models].sort().map((model) => `"${model}"`);
  const named = services.sort().slice(0, NAMED).join(', ') + (services.length > NAMED ? ' and others' : '');
  return {
    type: 'Warning',
    reason: 'ModelNameCollision',
    message:
      `Model name ${quoted.join(', ')} is also served by ${named} in namespace ${namespace}: the gateway will shadow one of them ` +
      `on shared publisher paths and model-routing headers. This service stays reachable under /${namespace}/${name}.`,
  };
}

/**
 * The qualified names under which others find a service that may shadow them; none while it is being deleted (R5.129). Key of the
 * index on model names.
 */
export function collidingNames(service: LLMInferenceService): string[] {
  return service.metadata.deletionTimestamp ? [] : [...new Set(claimedNames(service))];
}

/**
 * The names whose collisions a change of a service brings about or ends: whoever uses one of them has to look again. A service that
 * moves to another group, or its weight, does not change what it claims, but with whom it collides.
 *
 * @param before undefined on create
 * @param after undefined on delete
 */
export function namesToCompareAgain(before: LLMInferenceService | undefined, after: LLMInferenceService | undefined): string[] {
  const [old, current] = [before, after].map((service) => new Set(service ? collidingNames(service) : []));
  const moved = (before && routingGroupOf(before)) !== (after && routingGroupOf(after));
  return [...new Set([...(old ?? []), ...(current ?? [])])].filter((name) => moved || old?.has(name) !== current?.has(name));
}

/** The qualified names a service claims: what it published, or what its spec comes to while it has no addresses. */
function claimedNames(service: LLMInferenceService): string[] {
  if ((service.status?.addresses ?? []).length > 0) return publishedNames(service);
  const { name = '', namespace = '' } = service.metadata;
  return declaredNames(service.spec, name).map((model) => qualifiedName(namespace, model));
}
