import type { Inquiry } from '../api/inquiry.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../api/types.ts';
import { type ResolvedAdapter, resolveAdapters } from './adapters.ts';
import { withDeviceClaims } from './device-claims.ts';
import { withRouteRefs } from './route-refs.ts';
import { type WithSchedulerConfig, withSchedulerConfig } from './scheduler-config-map.ts';

const EPP_PORT = 9002;

export interface Completed extends WithSchedulerConfig {
  readonly adapters: readonly ResolvedAdapter[];
}

/** The steps from a rendered spec to the effective one, in their order (R2.80 - R2.86). */
export function* complete(
  rendered: LLMInferenceServiceSpec,
  { metadata }: LLMInferenceService,
  systemNamespace: string,
): Inquiry<Completed | Rejection> {
  const { name = '', namespace = '' } = metadata;
  const routed = withRouteRefs(withDeviceClaims(rendered, metadata), name);
  const configured = yield* withSchedulerConfig(routed, namespace, systemNamespace);
  if (isRejection(configured)) return configured;
  const spec = withEppPort(configured.spec);
  const adapters = resolveAdapters(spec);
  return isRejection(adapters) ? adapters : { ...configured, spec, adapters };
}

/** Configs written before pools had to name the port mean the usual one (R2.85). */
function withEppPort(spec: LLMInferenceServiceSpec): LLMInferenceServiceSpec {
  const { router } = spec;
  const pool = router?.scheduler?.pool;
  const picker = pool?.spec?.endpointPickerRef;
  if (!router || !picker || (picker.kind || 'Service') !== 'Service' || picker.port?.number) return spec;
  const poolSpec = { ...pool.spec, endpointPickerRef: { ...picker, port: { number: EPP_PORT } } };
  return { ...spec, router: { ...router, scheduler: { ...router.scheduler, pool: { ...pool, spec: poolSpec } } } };
}
