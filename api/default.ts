import type { ObjectMeta } from './kubernetes.ts';
import { labels as labelKeys } from './metadata.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec, ModelSpec, PodTemplate, RouterSpec, WorkloadSpec } from './types.ts';

/**
 * The defaults every service gets, with or without a mutating webhook: the model name, the label of its routing group, and
 * `containers` where a pod template has none (R1.56 steps 1 - 3, R1.59, R2.20). Returns a new object; parts that need no
 * default are shared with the given one.
 */
export function applyDefaults(service: LLMInferenceService): LLMInferenceService {
  const spec = service.spec ?? {};
  return { ...service, metadata: withGroupLabel(service.metadata, spec.router?.route?.group), spec: defaultSpec(spec, service.metadata.name ?? '') };
}

function withGroupLabel(metadata: ObjectMeta, group: string | undefined): ObjectMeta {
  const { [labelKeys.routingGroup]: current, ...others } = metadata.labels ?? {};
  if (current === group) return metadata;
  return { ...metadata, labels: group === undefined ? others : { ...others, [labelKeys.routingGroup]: group } };
}

function defaultSpec(spec: LLMInferenceServiceSpec, serviceName: string): LLMInferenceServiceSpec {
  const { prefill, router } = spec;
  return {
    ...spec,
    model: namedModel(spec.model, serviceName),
    ...workloadDefaults(spec),
    ...(prefill ? { prefill: { ...prefill, ...workloadDefaults(prefill) } } : {}),
    ...(router?.scheduler?.template ? { router: withSchedulerContainers(router) } : {}),
  };
}

/** A service that is still to get its name (`generateName`) gets the name of its model when it has one (B23). */
function namedModel(given: ModelSpec | undefined, serviceName: string): ModelSpec {
  const model = given ?? { uri: '' };
  return model.name || !serviceName ? model : { ...model, name: serviceName };
}

function workloadDefaults(workload: WorkloadSpec): WorkloadSpec {
  return {
    ...(workload.template ? { template: withContainers(workload.template) } : {}),
    ...(workload.worker ? { worker: withContainers(workload.worker) } : {}),
  };
}

function withSchedulerContainers(router: RouterSpec): RouterSpec {
  const template = router.scheduler?.template;
  return template === undefined ? router : { ...router, scheduler: { ...router.scheduler, template: withContainers(template) } };
}

function withContainers(template: PodTemplate): PodTemplate {
  return template.containers ? template : { ...template, containers: [] };
}
