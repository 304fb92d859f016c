import type { AnySpec } from './hub-only.ts';
import { type AlphaInferencePoolSpec, completeAlphaPoolSpec } from './inference-pool.ts';
import type { KubeObject } from './kubernetes.ts';
import { withTypedEmpties } from './structure.ts';

/**
 * A service with what the reference's defaulting writes besides its defaults, because it passes objects through their Go types: what typed
 * clients write even when it is empty, and in v1alpha1 the parts of a pool spec that come back from the hub (R1.56, R1.58). So everything that is
 * accepted there is accepted here. Returns a new object that shares what does not change.
 */
export function withTypedDefaults(service: KubeObject): KubeObject {
  const { spec: given } = service as { readonly spec?: AnySpec };
  const alpha = service.apiVersion.endsWith('/v1alpha1') ? given?.router?.scheduler?.pool?.spec : undefined;
  if (!given || alpha === undefined) return withTypedEmpties(service);
  const { router } = given;
  const pool = { ...router?.scheduler?.pool, spec: completeAlphaPoolSpec(alpha as AlphaInferencePoolSpec) };
  return withTypedEmpties({ ...service, spec: { ...given, router: { ...router, scheduler: { ...router?.scheduler, pool } } } });
}
