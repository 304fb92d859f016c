import type { Pod } from '../api/kubernetes.ts';

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];
type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

/** Why a pod does not run. `reason` is a word of Kubernetes' own (`ImagePullBackOff`, `OOMKilled`, `Unschedulable`). */
export interface PodFailure {
  readonly reason: string;
  readonly message: string;
}

/** Waiting for these is a normal part of starting. */
const ordinaryWaits = new Set(['', 'ContainerCreating', 'PodInitializing']);
/** Reasons of termination that say nothing beyond the exit code. */
const genericReasons = new Set(['', 'Error', 'Completed', 'ContainerStatusUnknown']);
const MESSAGE_LIMIT = 1024;

/**
 * Explains why pods do not become ready, in their own words (B3.12): a container that failed or cannot start, else a pod that
 * failed as a whole, else one that finds no node. Init containers come first, because a failed download hides everything after
 * it. Undefined when nothing is wrong but time. Pods that are being deleted do not count.
 */
export function explainPods(pods: readonly Pod[]): PodFailure | undefined {
  const present = pods
    .filter((pod) => pod.metadata?.deletionTimestamp === undefined)
    .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  for (const explain of [explainContainers, explainFailedPod, explainScheduling]) {
    for (const pod of present) {
      const failure = explain(pod);
      if (failure) return { reason: failure.reason, message: `Pod ${pod.metadata?.name}: ${failure.message}`.slice(0, MESSAGE_LIMIT) };
    }
  }
  return undefined;
}

function explainContainers({ status }: Pod): PodFailure | undefined {
  for (const [what, statuses] of [
    ['init container', status?.initContainerStatuses ?? []],
    ['container', status?.containerStatuses ?? []],
  ] as const) {
    for (const container of statuses) {
      const failure = explainContainer(container);
      if (failure) return { reason: failure.reason, message: `${what} ${container.name}: ${failure.message}` };
    }
  }
  return undefined;
}

function explainContainer({ state, lastState, ready }: ContainerStatus): PodFailure | undefined {
  const waiting = state?.waiting;
  const failed = [state?.terminated, lastState?.terminated].find((terminated) => terminated !== undefined && terminated.exitCode !== 0);
  const waits = waiting !== undefined && !ordinaryWaits.has(waiting.reason ?? '');
  if (failed && (waits || !ready)) {
    const reason = genericReasons.has(failed.reason ?? '') ? waiting?.reason || failed.reason || 'Error' : (failed.reason ?? 'Error');
    return { reason, message: describeTermination(failed) };
  }
  return waits ? { reason: waiting.reason ?? '', message: waiting.message || (waiting.reason ?? '') } : undefined;
}

function describeTermination({ exitCode, signal, reason, message }: Terminated): string {
  const cause = genericReasons.has(reason ?? '') ? [] : [reason];
  const words = [...cause, `exit code ${exitCode}`, ...(signal ? [`signal ${signal}`] : [])].join(', ');
  return message?.trim() ? `${words}: ${message.trim()}` : words;
}

function explainFailedPod({ status }: Pod): PodFailure | undefined {
  if (status?.phase !== 'Failed') return undefined;
  return { reason: status.reason || 'Failed', message: status.message || status.reason || 'the pod has failed' };
}

function explainScheduling({ status }: Pod): PodFailure | undefined {
  const scheduled = status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  return { reason: scheduled.reason || 'Unschedulable', message: scheduled.message || 'no node takes the pod' };
}
