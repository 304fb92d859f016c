import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { components } from '../api/metadata.ts';
import { isDataParallel, parallelismSize } from '../api/predicates.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import type { PodTemplate, RolloutStrategySpec, WorkloadSpec } from '../api/types.ts';
import type { Context, EventText } from './children.ts';
import type { RenderedWorkload } from './deployment.ts';
import { child, childRef, componentLabels, inheritedMetadata, mainRole, nameOf, ownedByService, servingLabels } from './identity.ts';
import type { Access } from './service-account.ts';
import { podMetadata, renderServingPod, templateEvents } from './serving-pod.ts';

type Labels = Record<string, string>;

/** The fields of a live LeaderWorkerSet that matter here. */
interface LeaderWorkerSet {
  readonly metadata: KubeObject['metadata'];
  readonly spec?: {
    readonly replicas?: number;
    readonly leaderWorkerTemplate?: {
      readonly leaderTemplate?: { readonly spec?: PodTemplate };
      readonly workerTemplate?: { readonly spec?: PodTemplate };
      readonly subGroupPolicy?: { readonly subGroupSize?: number };
    };
  };
  readonly status?: { readonly readyReplicas?: number };
}

interface GroupPlan {
  readonly name: string;
  readonly workload: WorkloadSpec & { readonly worker: PodTemplate };
  readonly phase: 'decode' | 'prefill';
  readonly access: Access;
  readonly leader: { readonly identity: Labels; readonly title: string };
  readonly worker: { readonly identity: Labels; readonly title: string };
  /** Size of the subgroups of a data parallel prefill (R3.72). */
  readonly subGroupSize: number | undefined;
}

/**
 * LeaderWorkerSet of the main workload (R3.72). Without a leader template the workers serve, and carry the labels by which
 * traffic finds them; their role is `decode` then, also without prefill (R3.31).
 */
export function* renderMainGroup(context: Context, worker: PodTemplate, access: Access): Inquiry<RenderedWorkload | Rejection> {
  const { spec } = context;
  return yield* renderGroup(context, {
    name: nameOf(context, 'mainMultiNode'),
    workload: { ...spec, worker },
    phase: 'decode',
    access,
    leader: { identity: servingLabels(context, components.leader, mainRole(spec)), title: 'leader template' },
    worker: { identity: workerIdentity(context, spec, components.worker, 'decode'), title: 'worker template' },
    subGroupSize: undefined,
  });
}

/** LeaderWorkerSet of a prefill workload (R3.72). */
export function* renderPrefillGroup(
  context: Context,
  prefill: WorkloadSpec,
  worker: PodTemplate,
  access: Access,
): Inquiry<RenderedWorkload | Rejection> {
  return yield* renderGroup(context, {
    name: nameOf(context, 'prefillMultiNode'),
    workload: { ...prefill, worker },
    phase: 'prefill',
    access,
    leader: { identity: servingLabels(context, components.leaderPrefill, 'prefill'), title: 'prefill leader template' },
    worker: { identity: workerIdentity(context, prefill, components.workerPrefill, 'prefill'), title: 'prefill worker template' },
    subGroupSize: isDataParallel(prefill.parallelism) ? parallelismSize(prefill.parallelism) : undefined,
  });
}

/** Workers are found by traffic only where there is no leader (R3.31). */
function workerIdentity(
  context: Context,
  { template }: WorkloadSpec,
  component: 'llminferenceservice-workload-worker' | 'llminferenceservice-workload-worker-prefill',
  role: string,
): Labels {
  return template === undefined ? servingLabels(context, component, role) : componentLabels(context, component);
}

function* renderGroup(context: Context, plan: GroupPlan): Inquiry<RenderedWorkload | Rejection> {
  const { name, workload } = plan;
  const found = yield* get<LeaderWorkerSet>(kinds.leaderWorkerSet, context.service.metadata.namespace, name);
  const live = found && ownedByService(context, found) ? found : undefined;
  const templates = live?.spec?.leaderWorkerTemplate;
  const leaderTemplate = workload.template && (yield* renderPod(context, plan, 'leader', workload.template, templates?.leaderTemplate?.spec));
  if (isRejection(leaderTemplate)) return leaderTemplate;
  const workerTemplate = yield* renderPod(context, plan, 'worker', workload.worker, templates?.workerTemplate?.spec);
  if (isRejection(workerTemplate)) return workerTemplate;

  const size = parallelismSize(workload.parallelism);
  const replaced = live !== undefined && templates?.subGroupPolicy?.subGroupSize !== plan.subGroupSize;
  if (replaced && (live.status?.readyReplicas ?? 0) > 0) return mustBeDeleted(context, name);
  const replicas = workload.replicas ?? (replaced ? live.spec?.replicas : undefined);
  return {
    object: {
      ...child(context, kinds.leaderWorkerSet, name, {
        labels: workerTemplate.metadata.labels,
        annotations: inheritedMetadata(context, 'LeaderWorkerSet').annotations,
      }),
      spec: {
        ...(replicas === undefined ? {} : { replicas }),
        leaderWorkerTemplate: {
          ...(size === undefined ? {} : { size }),
          restartPolicy: 'RecreateGroupOnPodRestart',
          ...(plan.subGroupSize === undefined ? {} : { subGroupPolicy: { subGroupSize: plan.subGroupSize } }),
          ...(leaderTemplate === undefined ? {} : { leaderTemplate }),
          workerTemplate,
        },
        rolloutStrategy: { type: 'RollingUpdate', ...rollout(workload.rolloutStrategy) },
        startupPolicy: 'LeaderCreated',
      },
    },
    recreate: replaced ? [childRef(context, kinds.leaderWorkerSet, name)] : [],
    events: [...groupEvents(context, plan), ...(replaced ? [replacedEvent(context, name)] : [])],
  };
}

function* renderPod(context: Context, plan: GroupPlan, member: 'leader' | 'worker', template: PodTemplate, live: PodTemplate | undefined) {
  const { workload, phase, access } = plan;
  const { identity, title } = plan[member];
  const spec = yield* renderServingPod(context, {
    workload,
    template,
    phase,
    account: access.account,
    serviceAccountName: access.account?.metadata?.name,
    live,
    title,
  });
  return isRejection(spec) ? spec : { metadata: yield* podMetadata(context, 'LeaderWorkerSet', identity, workload), spec };
}

/** No configuration unless the user gives one; then what is not given is 1 unavailable and no surge (R3.76). */
function rollout(strategy: RolloutStrategySpec | undefined): { rollingUpdateConfiguration?: RolloutStrategySpec } {
  const { maxUnavailable, maxSurge } = strategy ?? {};
  if (maxUnavailable === undefined && maxSurge === undefined) return {};
  return { rollingUpdateConfiguration: { maxUnavailable: maxUnavailable ?? 1, maxSurge: maxSurge ?? 0 } };
}

function groupEvents(context: Context, { workload, leader, worker }: GroupPlan): EventText[] {
  const leaderEvents = workload.template === undefined ? [] : templateEvents(context, workload.template, leader.title);
  return [...leaderEvents, ...templateEvents(context, workload.worker, worker.title)];
}

/** Nothing can take over the groups of a LeaderWorkerSet: to make one anew that serves is for the user to decide (B3.18). */
function mustBeDeleted({ service }: Context, name: string): Rejection {
  const { namespace } = service.metadata;
  const message = `LeaderWorkerSet ${namespace}/${name} serves, and the size of its subgroups is to change, which cannot be done while it exists: delete it to have it made anew (kubectl delete leaderworkerset ${name} -n ${namespace})`;
  return reject('ImmutableSubGroups', message);
}

/** Subgroups of a LeaderWorkerSet cannot be changed (B3.18). */
function replacedEvent({ service }: Context, name: string): EventText {
  const message = `LeaderWorkerSet ${service.metadata.namespace}/${name} is recreated: the size of its subgroups has changed`;
  return { type: 'Normal', reason: 'WorkloadRecreated', message };
}
