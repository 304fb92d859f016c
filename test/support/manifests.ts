import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../api/types.ts';

/** A manifest in the making: every method returns another one, so that one can be the beginning of many. */
export interface ServiceManifest {
  readonly object: KubeObject;
  /** Adds fields to the spec, or replaces them. */
  with(spec: LLMInferenceServiceSpec): ServiceManifest;
  without(...fields: (keyof LLMInferenceServiceSpec)[]): ServiceManifest;
  withReplicas(replicas: number): ServiceManifest;
  basedOn(...configs: string[]): ServiceManifest;
  annotated(key: string, value: string): ServiceManifest;
  named(name: string): ServiceManifest;
}

/** A small model behind the default gateway, with managed route and scheduler. It is served under the name of the service. */
export function service(name: string): ServiceManifest {
  const { apiVersion, kind } = kinds.service;
  const spec: LLMInferenceServiceSpec = {
    model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct', name },
    router: { route: {}, gateway: {}, scheduler: {} },
  };
  return manifestOf({ apiVersion, kind, metadata: { name }, spec });
}

function manifestOf(object: KubeObject): ServiceManifest {
  const spec = object.spec as LLMInferenceServiceSpec;
  const withSpec = (more: LLMInferenceServiceSpec) => manifestOf({ ...object, spec: { ...spec, ...more } });
  return {
    object,
    with: withSpec,
    without: (...fields) =>
      manifestOf({ ...object, spec: Object.fromEntries(Object.entries(spec).filter(([key]) => !fields.some((f) => f === key))) }),
    withReplicas: (replicas) => withSpec({ replicas }),
    basedOn: (...configs) => withSpec({ baseRefs: configs.map((name) => ({ name })) }),
    annotated: (key, value) =>
      manifestOf({ ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [key]: value } } }),
    named: (name) => manifestOf({ ...object, metadata: { ...object.metadata, name } }),
  };
}

/** A config with this spec. */
export function config(name: string, spec: LLMInferenceServiceSpec): KubeObject {
  const { apiVersion, kind } = kinds.config;
  return { apiVersion, kind, metadata: { name }, spec };
}
