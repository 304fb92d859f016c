import type { Inquiry } from '../api/inquiry.ts';
import { groupOf, kinds } from '../api/kinds.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { WorkloadReference, WorkloadsStatus } from '../api/types.ts';
import type { Context } from '../render/children.ts';
import { nameOf } from '../render/identity.ts';
import { type LiveWorkload, readLive } from './workloads.ts';

export interface WorkloadStatusReport {
  /** `status.workloads`, undefined when it is to be removed. */
  readonly workloads: WorkloadsStatus | undefined;
  /** A workload that does not exist. The status then names all workloads, with counts of those that were read before it. */
  readonly rejection?: Rejection;
}

/**
 * `status.workloads` (R3.105 - R3.107): what the service consists of and how many replicas are ready. To be asked at the end
 * of the pass, after the router (R3.105a). A stopped service has none.
 */
export function* observeWorkloads(context: Context): Inquiry<WorkloadStatusReport> {
  if (context.stopped) return { workloads: undefined };
  let workloads = nameWorkloads(context);
  for (const part of ['primary', 'prefill', 'scheduler'] as const) {
    const reference = workloads[part];
    if (!reference) continue;
    const isDeployment = reference.kind === kinds.deployment.kind;
    const live = yield* readLive<LiveWorkload>(context, isDeployment ? kinds.deployment : kinds.leaderWorkerSet, reference.name);
    if (!live) {
      const problem = `failed to read ${isDeployment ? 'deployment' : 'LWS'} ${reference.name} for replica count: not found`;
      return { workloads, rejection: reject('WorkloadNotFound', problem, { retry: true }) };
    }
    const readyReplicas = (isDeployment ? live.status?.availableReplicas : live.status?.readyReplicas) ?? 0;
    workloads = { ...workloads, [part]: { ...reference, readyReplicas } };
  }
  return { workloads };
}

/** The references of R3.105, without counts. */
function nameWorkloads(context: Context): WorkloadsStatus {
  const { worker, prefill, router } = context.spec;
  const { pool, template } = router?.scheduler ?? {};
  const main = worker === undefined ? deployment(nameOf(context, 'main')) : leaderWorkerSet(nameOf(context, 'mainMultiNode'));
  const second = prefill?.worker === undefined ? deployment(nameOf(context, 'prefill')) : leaderWorkerSet(nameOf(context, 'prefillMultiNode'));
  return {
    primary: main,
    ...(prefill === undefined ? {} : { prefill: second }),
    service: { kind: kinds.coreService.kind, name: nameOf(context, 'workloadService') },
    ...(template !== undefined && !pool?.ref?.name ? { scheduler: deployment(nameOf(context, 'scheduler')) } : {}),
  };
}

const deployment = (name: string): WorkloadReference => ({ apiGroup: groupOf(kinds.deployment), kind: kinds.deployment.kind, name });
const leaderWorkerSet = (name: string): WorkloadReference => ({ apiGroup: groupOf(kinds.leaderWorkerSet), kind: kinds.leaderWorkerSet.kind, name });
