import { type Inquiry, served } from '../api/inquiry.ts';
import { kinds, POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../api/kinds.ts';
import type { Container } from '../api/kubernetes.ts';
import { draContainerName, externalPoolName, hasManagedDra, inferencePoolName } from '../api/predicates.ts';
import { isRejection, type Rejection, withinStep } from '../api/rejection.ts';
import type { PodTemplate, WorkloadSpec } from '../api/types.ts';
import { type Account, MODEL_PATH } from './attachment.ts';
import type { Context, EventText } from './children.ts';
import { inheritedMetadata, podAnnotations } from './identity.ts';
import { addKvCacheTiers } from './kv-cache.ts';
import { deviceRevision } from './managed-dra.ts';
import { addEnv, changeInitContainer, containers, findContainer, findInitContainer, hasRoutingSidecar } from './pod-spec.ts';
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
  const withPool = pod.phase === 'decode' ? yield* tellSidecarItsPool(context, withAccount) : withAccount;
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

/**
 * The sidecar finds the pods it may forward to in the pool; a name the user gives stays (R3.57, B3.23). The preset has it read the
 * v1alpha2 pool, which exists only for a managed pool and where the server has the kind; elsewhere it reads the v1 pool (B4.20).
 */
function* tellSidecarItsPool({ service, spec }: Context, podSpec: PodTemplate): Inquiry<PodTemplate> {
  const scheduler = spec.router?.scheduler;
  if (spec.router === undefined || !hasRoutingSidecar(podSpec)) return podSpec;
  const value = inferencePoolName(scheduler, service.metadata.name);
  const named = changeInitContainer(podSpec, containers.routingSidecar, (sidecar) => addEnv(sidecar, { name: 'INFERENCE_POOL_NAME', value }));
  if (scheduler === undefined || !findInitContainer(podSpec, containers.routingSidecar)?.command?.includes(poolGroup(POOL_GROUP_V1ALPHA2)))
    return named;
  const exists = externalPoolName(scheduler) === undefined && (yield* served(kinds.inferencePoolAlpha));
  return exists ? named : changeInitContainer(named, containers.routingSidecar, readV1Pool);
}

const poolGroup = (group: string): string => `--pool-group=${group}`;

const readV1Pool = (sidecar: Container): Container => ({
  ...sidecar,
  command: (sidecar.command ?? []).map((arg) => (arg === poolGroup(POOL_GROUP_V1ALPHA2) ? poolGroup(POOL_GROUP_V1) : arg)),
});

/**
 * Labels and annotations of serving pods: identity, what the service's metadata hands down, those of the workload spec (R3.33, R3.34), and
 * which devices they claim where that has changed (B3.17).
 */
export function* podMetadata(
  context: Context,
  kind: 'Deployment' | 'LeaderWorkerSet',
  identity: Labels,
  workload: WorkloadSpec,
): Inquiry<{ labels: Labels; annotations?: Labels }> {
  const inherited = inheritedMetadata(context, kind);
  const annotations = { ...inherited.annotations, ...podAnnotations(workload.annotations), ...(yield* deviceRevision(context)) };
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
