import { annotations as keys } from './metadata.ts';
import { childName, suffixes } from './names.ts';
import { type Rejection, reject } from './rejection.ts';
import type { BackendRef, LLMInferenceService, ParallelismSpec, RouterSpec, RouteSpec, SchedulerSpec } from './types.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** Name of the external pool a scheduler refers to; undefined when its pool is managed (R1.38). */
export function externalPoolName(scheduler: SchedulerSpec | undefined): string | undefined {
  return scheduler?.pool?.ref?.name || undefined;
}

/** Name of the InferencePool that serves a service: the external one, else the managed one (R1.36). */
export function inferencePoolName(scheduler: SchedulerSpec | undefined, serviceName: string): string {
  return externalPoolName(scheduler) ?? childName(serviceName, suffixes.inferencePool);
}

/** Whether a backend is the pool that the operator creates for the service. The group is not looked at (R5.32). */
export function isDefaultPool(backend: BackendRef, serviceName: string): boolean {
  return backend.kind === 'InferencePool' && backend.name === childName(serviceName, suffixes.inferencePool);
}

/** Name of the endpoint picker's Service (R1.37). A pool ref wins even where a pool spec is set too. */
export function eppServiceName(scheduler: SchedulerSpec | undefined, serviceName: string): string {
  const given = externalPoolName(scheduler) === undefined ? scheduler?.pool?.spec?.endpointPickerRef?.name : undefined;
  return given || childName(serviceName, suffixes.schedulerService);
}

export function hasGatewayRefs(gateway: RouterSpec['gateway']): boolean {
  return (gateway?.refs?.length ?? 0) > 0;
}

/** Whether the user brings the HTTPRoutes (R1.38). */
export function hasRouteRefs(route: RouteSpec | undefined): boolean {
  return (route?.http?.refs?.length ?? 0) > 0;
}

export function isPipelineParallel(parallelism: ParallelismSpec | undefined): boolean {
  return (parallelism?.pipeline ?? 0) > 0;
}

export function isDataParallel(parallelism: ParallelismSpec | undefined): boolean {
  return (parallelism?.data ?? 0) > 0 || (parallelism?.dataLocal ?? 0) > 0;
}

/** Number of pods of one replica, or undefined when the parallelism does not span pods (R1.39). */
export function parallelismSize(parallelism: ParallelismSpec | undefined): number | undefined {
  if (parallelism === undefined) return undefined;
  if (isDataParallel(parallelism)) {
    const [data, dataLocal] = [Math.max(parallelism.data ?? 1, 1), Math.max(parallelism.dataLocal ?? 1, 1)];
    return Math.max(Math.floor(data / dataLocal), 1);
  }
  return isPipelineParallel(parallelism) ? parallelism.pipeline : undefined;
}

/** Whether the user asked for the service to be stopped (R1.42). */
export function isStopped(metadata: { annotations?: Record<string, string> } | undefined): boolean {
  return metadata?.annotations?.[keys.stop]?.toLowerCase() === 'true';
}

/** Whether a service uses a config of that name; an empty namespace stands for any (R1.40, R2.110). */
export function usesConfig(service: LLMInferenceService, name: string, namespace = ''): boolean {
  const applied = service.status?.appliedConfigs ?? [];
  if (applied.length > 0) return applied.some((c) => c.name === name && (namespace === '' || c.namespace === namespace));
  const pinned = Object.values(service.status?.annotations ?? {});
  return pinned.includes(name) || (service.spec?.baseRefs ?? []).some((ref) => ref.name === name);
}

/** Whether device claims are managed for the service: the device class key is there, even if blank (R1.41). */
export function hasManagedDra(annotations: Annotations): boolean {
  return annotations?.[keys.draDeviceClass] !== undefined;
}

export function draDeviceClass(annotations: Annotations): string | undefined {
  return annotations?.[keys.draDeviceClass]?.trim();
}

export function draContainerName(annotations: Annotations): string | undefined {
  return annotations?.[keys.draContainerName]?.trim();
}

/** Number of devices to claim: 1 unless stated. */
export function draDeviceCount(annotations: Annotations): number | Rejection {
  const raw = annotations?.[keys.draDeviceCount] ?? '';
  const text = raw.trim();
  if (text === '') return 1;
  const problem = (detail: string): Rejection =>
    reject('InvalidDeviceCount', `invalid ${keys.draDeviceCount} value ${JSON.stringify(raw)}: ${detail}`);
  if (!/^[+-]?\d+$/.test(text)) return problem('invalid syntax for a whole number');
  const count = Number(text);
  return count >= 1 ? count : problem('must be >= 1');
}

/** CEL selectors, one per line; blank lines do not count. */
export function draCelSelectors(annotations: Annotations): string[] {
  const lines = (annotations?.[keys.draCelSelector] ?? '').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}
