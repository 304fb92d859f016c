import { models, type Version } from './model.ts';
import { boolean, list, object, type SchemaNode, string } from './node.ts';
import { localObjectReference } from './references.ts';
import { router } from './router.ts';
import { prefill, workloadFields, workloadRules } from './workload.ts';

const tracing = object(
  'Traces of requests. Present, even as {}, turns tracing on; what is left out comes from the preset.',
  {
    exporterEndpoint: string('Where traces are sent, http://otel-collector:4317 unless configured.', { pointer: true }),
    sampler: string('Sampler of OpenTelemetry, parentbased_traceidratio unless configured.', { pointer: true }),
    samplerArg: string('Argument of the sampler, 0.05 unless configured.', { pointer: true }),
    exporter: string('Exporter of OpenTelemetry, otlp unless configured.', { pointer: true }),
  },
  { typescript: { name: 'TracingSpec' } },
);

const storageInitializer = object(
  'The init container that downloads the model.',
  { enabled: boolean('False leaves it out. True unless set.', { pointer: true }) },
  { typescript: { name: 'StorageInitializerSpec' } },
);

const build = (version: Version): SchemaNode =>
  object(
    'What to serve and how. Configs and services share this type.',
    {
      model: models[version],
      storageInitializer,
      ...workloadFields(version),
      router: router(version),
      prefill: prefill(version),
      tracing,
      baseRefs: list(
        'Configs to inherit from, by name. Later ones override earlier ones; the spec of the service overrides them all.',
        localObjectReference,
      ),
    },
    // A layer always states a model, if only an empty one (R2.38).
    {
      alwaysWritten: ['model'],
      'x-kubernetes-validations': workloadRules,
      typescript: { name: 'LLMInferenceServiceSpec', extends: 'WorkloadSpec' },
    },
  );

const specs: Readonly<Record<Version, SchemaNode>> = { v1alpha1: build('v1alpha1'), v1alpha2: build('v1alpha2') };

/** LLMInferenceServiceSpec (R1 §2.1). */
export const serviceSpec = (version: Version): SchemaNode => specs[version];
