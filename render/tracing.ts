import type { Container, EnvVar } from '../api/kubernetes.ts';
import type { PodTemplate } from '../api/types.ts';
import type { Context } from './children.ts';
import { addEnv, changeContainer, containers } from './pod-spec.ts';

const hasFlag = (container: Container, ...flags: readonly string[]): boolean =>
  (container.args ?? []).some((arg) => flags.some((flag) => arg === flag || arg.startsWith(`${flag}=`)));

const appendArgs = (container: Container, args: readonly string[]): Container =>
  args.length === 0 ? container : { ...container, args: [...(container.args ?? []), ...args] };

/** Environment of OpenTelemetry, in the order of R3.100. Fields that are unset give empty values. */
function tracingEnv({ service, spec: { tracing = {} } }: Context, serviceName: string): EnvVar[] {
  const { name, namespace } = service.metadata;
  const field = (fieldPath: string) => ({ fieldRef: { apiVersion: 'v1', fieldPath } });
  return [
    { name: 'OTEL_SERVICE_NAME', value: serviceName },
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: tracing.exporterEndpoint ?? '' },
    { name: 'OTEL_TRACES_EXPORTER', value: tracing.exporter ?? '' },
    { name: 'OTEL_TRACES_SAMPLER', value: tracing.sampler ?? '' },
    { name: 'OTEL_TRACES_SAMPLER_ARG', value: tracing.samplerArg ?? '' },
    { name: 'OTEL_RESOURCE_ATTRIBUTES_NODE_NAME', valueFrom: field('spec.nodeName') },
    { name: 'OTEL_RESOURCE_ATTRIBUTES_POD_NAME', valueFrom: field('metadata.name') },
    {
      name: 'OTEL_RESOURCE_ATTRIBUTES',
      value: `k8s.namespace.name=${namespace},k8s.node.name=$(OTEL_RESOURCE_ATTRIBUTES_NODE_NAME),k8s.pod.name=$(OTEL_RESOURCE_ATTRIBUTES_POD_NAME),llmisvc.name=${name}`,
    },
  ];
}

/**
 * Turns tracing on in the inference server (container `main`) when `spec.tracing` names an endpoint (R3.100). Flags and
 * variables that the user has set stay. The main workload counts as `decode`, also without prefill.
 */
export function traceInferenceServer(context: Context, podSpec: PodTemplate, phase: 'decode' | 'prefill'): PodTemplate {
  const endpoint = context.spec.tracing?.exporterEndpoint;
  if (!endpoint) return podSpec;
  return changeContainer(podSpec, containers.main, (container) => {
    const flags: readonly (readonly [string, string])[] = [
      ['--otlp-traces-endpoint', endpoint],
      ['--collect-detailed-traces', 'all'],
    ];
    const missing = flags.filter(([flag]) => !hasFlag(container, flag)).flat();
    return addEnv(appendArgs(container, missing), ...tracingEnv(context, `inference-server-${phase}`));
  });
}

/** Turns tracing on in the scheduler (container `main`) when `spec.tracing` is there, even without an endpoint (R3.101). */
export function traceScheduler(context: Context, podSpec: PodTemplate): PodTemplate {
  if (context.spec.tracing === undefined) return podSpec;
  return changeContainer(podSpec, containers.main, (container) => {
    const missing = hasFlag(container, '--tracing', '-tracing') ? [] : ['--tracing=true'];
    return addEnv(appendArgs(container, missing), ...tracingEnv(context, 'inference-scheduler'));
  });
}
