import { childName, suffixes } from '../api/names.ts';
import { isDefaultPool } from '../api/predicates.ts';
import type { BackendRef, HTTPRouteRule } from '../api/types.ts';
import type { Context } from './children.ts';

/** Whether a backend is the workload Service of the service; the kind may be left out. */
export function isWorkloadService(backend: BackendRef, serviceName: string): boolean {
  return (backend.kind ?? 'Service') === 'Service' && backend.name === childName(serviceName, suffixes.workloadService);
}

/** Whether the operator put the backend there: default pool, workload Service or external pool (R5.113). */
export function isManagedBackend(backend: BackendRef, context: Context): boolean {
  const { name } = context.service.metadata;
  const external = context.spec.router?.scheduler?.pool?.ref?.name;
  return (
    isDefaultPool(backend, name) || isWorkloadService(backend, name) || (!!external && backend.kind === 'InferencePool' && backend.name === external)
  );
}

/** Whether a path lies under `/<namespace>/<name>`; `/ns/name-v2` does not lie under `/ns/name` (R5.112). */
export function isUnderParticipantPath(path: string, namespace: string, name: string): boolean {
  const own = `/${namespace}/${name}`;
  return path === own || path.startsWith(`${own}/`);
}

/** Whether a rule serves the service alone: one of its matches lies under the service's own path (R5.112). */
export function isParticipantRule(rule: HTTPRouteRule, context: Context): boolean {
  const { namespace, name } = context.service.metadata;
  return (rule.matches ?? []).some((match) => isUnderParticipantPath(match.path?.value ?? '', namespace, name));
}
