import { externalPoolName } from '../predicates.ts';
import type { LLMInferenceServiceSpec } from '../types.ts';

/** Parts of the router that are accepted and then not acted on, and references that can only be mistakes (B10, B12 of chapter 1). */
export function warnOfRouter({ router, baseRefs }: LLMInferenceServiceSpec): string[] {
  const warnings: string[] = [];
  if (router?.ingress) warnings.push('spec.router.ingress: no Ingress is created; set spec.router.route and spec.router.gateway instead');
  if (externalPoolName(router?.scheduler) !== undefined && router?.scheduler?.pool?.spec) {
    warnings.push('spec.router.scheduler.pool.spec: is ignored, because spec.router.scheduler.pool.ref names a pool');
  }
  router?.gateway?.refs?.forEach((ref, i) => {
    if (!ref.name) warnings.push(`spec.router.gateway.refs[${i}].name: is empty, so the reference leads nowhere`);
  });
  const seen = new Set<string>();
  baseRefs?.forEach(({ name = '' }, i) => {
    if (name === '') warnings.push(`spec.baseRefs[${i}].name: is empty, so no config can be found`);
    else if (seen.has(name)) warnings.push(`spec.baseRefs[${i}].name: ${JSON.stringify(name)} is listed before; the later place counts`);
    seen.add(name);
  });
  return warnings;
}
