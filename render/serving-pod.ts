import type { Inquiry } from '../api/inquiry.ts';
import { draContainerName, hasManagedDra, inferencePoolName } from '../api/predicates.ts';
import { isRejection, type Rejection, withinStep } from '../api/rejection.ts';
import type { PodTemplate, WorkloadSpec } from '../api/types.ts';
import { type Account, MODEL_PATH } from './attachment.ts';
import type { Context, EventText } from './children.ts';
import { inheritedMetadata, podAnnotations } from './identity.ts';
import { addKvCacheTiers } from './kv-cache.ts';
import { addEnv, changeInitContainer, containers, findContainer, hasRoutingSidecar } from './pod-spec.ts';
import { attachModel, overlayEvents } from './storage.ts';
import { traceInferenceServer } from './tracing.ts';

type Labels = Record<string, string>;

/** What distinguishes one template of serving pods from another. */
export interface ServingPod {
  /** The part of the effective spec the pods belong to. */
  readonly workload: WorkloadSpec;
  readonly template: PodTemplate;
  readonly phase: 'decode' | 'prefill';
  readonly account: Account | undefined;
  /** Account the pods have to run as, whatever their template says. */
  readonly serviceAccountName?: string | undefined;
  readonly live: PodTemplate | undefined;
  /** How error texts call the template (R3.212): `main deployment`. */
  readonly title: string;
}

/**
 * Pod spec of an inference server: the merged template with account, model, adapters, cache tiers, the routing sidecar's pool
 * and tracing (R3.57, R3.61, R3.74).
 */
export function* renderServingPod(context: Context, pod: ServingPod): Inquiry<PodTemplate | Rejection> {
  const withAccount = pod.serviceAccountName === undefined ? pod.template : { ...pod.template, serviceAccountName: pod.serviceAccountName };
  const withPool = pod.phase === 'decode' ? tellSidecarItsPool(context, withAccount) : withAccount;
  const attached = yield* attachModel(context, withPool, {
    container: containers.main,
    path: MODEL_PATH,
    account: pod.account,
    livePodSpec: pod.live,
    lora: true,
  });
  if (isRejection(attached)) return withinStep(attached, `failed to attach model artifacts to ${pod.title}`);
  return traceInferenceServer(context, addKvCacheTiers(attached, pod.workload.kvCacheOffloading), pod.phase);
}

/** The sidecar finds the pods it may forward to in the pool; a name the user gives stays (R3.57, B3.23). */
function tellSidecarItsPool({ service, spec }: Context, podSpec: PodTemplate): PodTemplate {
  if (spec.router === undefined || !hasRoutingSidecar(podSpec)) return podSpec;
  const value = inferencePoolName(spec.router.scheduler, service.metadata.name);
  return changeInitContainer(podSpec, containers.routingSidecar, (sidecar) => addEnv(sidecar, { name: 'INFERENCE_POOL_NAME', value }));
}

/** Labels and annotations of serving pods: identity, what the service's metadata hands down, and last those of the workload spec (R3.33, R3.34). */
export function podMetadata(
  context: Context,
  kind: 'Deployment' | 'LeaderWorkerSet',
  identity: Labels,
  workload: WorkloadSpec,
): { labels: Labels; annotations?: Labels } {
  const inherited = inheritedMetadata(context, kind);
  const annotations = { ...inherited.annotations, ...podAnnotations(workload.annotations) };
  return {
    labels: { ...identity, ...inherited.labels, ...workload.labels },
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

/** What the user should know about a template: changes without effect, a model no container reads, devices no container uses (B3.17, B3.36). */
export function templateEvents(context: Context, template: PodTemplate, title: string): EventText[] {
  const { annotations } = context.service.metadata;
  const warning = (reason: string, message: string): EventText => ({ type: 'Warning', reason, message: `The ${title} has no container ${message}` });
  const misses = (name: string | undefined) => name && findContainer(template, name) === undefined;
  const isModelLost = context.spec.storageInitializer?.enabled !== false && misses(containers.main);
  const claimant = hasManagedDra(annotations) ? draContainerName(annotations) : undefined;
  return [
    ...overlayEvents(context, template),
    ...(isModelLost ? [warning('ModelNotMounted', 'named main: the model is not mounted')] : []),
    ...(misses(claimant) ? [warning('DeviceClaimNotUsed', `named ${claimant}: the devices are claimed, but no container uses them`)] : []),
  ];
}
