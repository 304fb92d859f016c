import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig, LLMInferenceServiceSpec, LLMInferenceServiceStatus } from '../../../api/types.ts';
import { mergeSpecs } from '../../../assemble/merge.ts';
import { parseSettings } from '../../../assemble/parse-settings.ts';
import type { Settings } from '../../../assemble/settings.ts';

/** Specs merged in this order; a rejection is an error. */
export function merge(...specs: readonly object[]): LLMInferenceServiceSpec {
  const merged = mergeSpecs(specs.map((spec, i) => ({ origin: `layer ${i}`, spec: spec as LLMInferenceServiceSpec })));
  if (isRejection(merged)) throw new Error(merged.message);
  return merged;
}

export const storageInitializer = JSON.stringify({
  image: 'registry.example.com/storage-initializer:1',
  memoryRequest: '100Mi',
  memoryLimit: '1Gi',
  cpuRequest: '100m',
  cpuLimit: '1',
});

export function settings(ingress: object = {}): Settings {
  const parsed = parseSettings(
    {
      ingress: JSON.stringify({ ingressGateway: 'unused', kserveIngressGateway: 'gateways/main', ...ingress }),
      storageInitializer,
    },
    'kserve',
  );
  if (isRejection(parsed)) throw new Error(parsed.message);
  return parsed;
}

interface Given {
  name?: string;
  namespace?: string;
  annotations?: Record<string, string>;
  status?: LLMInferenceServiceStatus;
}

export function service(spec: object, { name = 'test-llm', namespace = 'ns', annotations, status }: Given = {}): LLMInferenceService {
  return {
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceService',
    metadata: { name, namespace, ...(annotations ? { annotations } : {}) },
    spec: spec as LLMInferenceServiceSpec,
    ...(status ? { status } : {}),
  };
}

export function config(name: string, spec: object, namespace = 'ns'): LLMInferenceServiceConfig {
  return {
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceServiceConfig',
    metadata: { name, namespace },
    spec: spec as LLMInferenceServiceSpec,
  };
}

/** The value, which must not be a rejection. */
export function accepted<T>(value: T): Exclude<T, { rejected: true }> {
  if (isRejection(value)) throw new Error(`rejected: ${value.message}`);
  return value as Exclude<T, { rejected: true }>;
}

/** The message of a rejection; throws for anything else. */
export function refusal(value: unknown): string {
  if (!isRejection(value)) throw new Error('not rejected');
  return value.message;
}
