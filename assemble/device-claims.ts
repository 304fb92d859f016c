import type { Container, ObjectMeta } from '../api/kubernetes.ts';
import { childName, suffixes } from '../api/names.ts';
import { draContainerName, hasManagedDra } from '../api/predicates.ts';
import type { LLMInferenceServiceSpec, PodTemplate, WorkloadSpec } from '../api/types.ts';

/** Name of the claim in pods and containers. */
const CLAIM = 'managed-device';

/** Every pod of a service with managed devices claims one, and one container of it uses the claim (R2.80). */
export function withDeviceClaims(spec: LLMInferenceServiceSpec, metadata: ObjectMeta): LLMInferenceServiceSpec {
  if (!hasManagedDra(metadata.annotations)) return spec;
  const claim = (template: PodTemplate): PodTemplate =>
    withContainerClaim(withPodClaim(template, metadata.name ?? ''), draContainerName(metadata.annotations));
  return { ...spec, ...claimed(spec, claim), ...(spec.prefill ? { prefill: { ...spec.prefill, ...claimed(spec.prefill, claim) } } : {}) };
}

function claimed({ template, worker }: WorkloadSpec, claim: (template: PodTemplate) => PodTemplate): WorkloadSpec {
  return { ...(template ? { template: claim(template) } : {}), ...(worker ? { worker: claim(worker) } : {}) };
}

function withPodClaim(template: PodTemplate, serviceName: string): PodTemplate {
  const claims = template.resourceClaims ?? [];
  if (claims.some((claim) => claim.name === CLAIM)) return template;
  return { ...template, resourceClaims: [...claims, { name: CLAIM, resourceClaimTemplateName: childName(serviceName, suffixes.managedDra) }] };
}

/** The container of the given name, or the first one; none when there is no container of that name. */
function withContainerClaim(template: PodTemplate, containerName: string | undefined): PodTemplate {
  const containers = template.containers ?? [];
  const at = containerName ? containers.findIndex((container) => container.name === containerName) : 0;
  const container = containers[at];
  if (container === undefined) return template;
  return { ...template, containers: containers.with(at, claiming(container)) };
}

function claiming(container: Container): Container {
  const claims = container.resources?.claims ?? [];
  if (claims.some((claim) => claim.name === CLAIM)) return container;
  return { ...container, resources: { ...container.resources, claims: [...claims, { name: CLAIM }] } };
}
