import type { Pod } from '../api/kubernetes.ts';

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];
type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

/** Waiting for these is a normal part of starting. */
const ordinaryWaits = new Set(['', 'ContainerCreating', 'PodInitializing']);
/** Reasons of termination that say nothing beyond the exit code. */
const genericReasons = new Set(['', 'Error', 'Completed', 'ContainerStatusUnknown']);
const MESSAGE_LIMIT = 1024;

/**
 * Explains why pods do not become ready, in their own words (B3.12): a container that failed or cannot start, else a pod that
 * failed as a whole, else one that finds no node. Init containers come first, because a failed download hides everything after
 * it. Undefined when nothing is wrong but time. Pods that are being deleted do not count.
 *
 * @returns for example `Pod qwen-kserve-5d4: container main: ImagePullBackOff: Back-off pulling image "x"`
 */
export function explainPods(pods: readonly Pod[]): string | undefined {
  const present = pods
    .filter((pod) => pod.metadata?.deletionTimestamp === undefined)
    .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  for (const explain of [explainContainers, explainFailedPod, explainScheduling]) {
    for (const pod of present) {
      const words = explain(pod);
      if (words) return `Pod ${pod.metadata?.name}: ${words}`.slice(0, MESSAGE_LIMIT);
    }
  }
  return undefined;
}

/** Whether a container of these pods failed or cannot start; one that still waits for a node or an image did not. */
export function hasFailedContainer(pods: readonly Pod[]): boolean {
  return pods.some((pod) => pod.metadata?.deletionTimestamp === undefined && explainContainers(pod) !== undefined);
}

function explainContainers({ status }: Pod): string | undefined {
  for (const [what, statuses] of [
    ['init container', status?.initContainerStatuses ?? []],
    ['container', status?.containerStatuses ?? []],
  ] as const) {
    for (const container of statuses) {
      const words = explainContainer(container);
      if (words) return `${what} ${container.name}: ${words}`;
    }
  }
  return undefined;
}

function explainContainer({ state, lastState, ready }: ContainerStatus): string | undefined {
  const waiting = state?.waiting;
  const failed = [state?.terminated, lastState?.terminated].find((terminated) => terminated !== undefined && terminated.exitCode !== 0);
  const waits = waiting !== undefined && !ordinaryWaits.has(waiting.reason ?? '');
  if (failed && (waits || !ready)) {
    const reason = genericReasons.has(failed.reason ?? '') ? waiting?.reason || failed.reason : failed.reason;
    return sentence(reason || 'Error', describeTermination(failed));
  }
  return waits ? sentence(waiting.reason, waiting.message) : undefined;
}

const sentence = (reason: string | undefined, words: string | undefined): string => [reason, words?.trim()].filter(Boolean).join(': ');

function describeTermination({ exitCode, signal, message }: Terminated): string {
  return sentence([`exit code ${exitCode}`, ...(signal ? [`signal ${signal}`] : [])].join(', '), message);
}

function explainFailedPod({ status }: Pod): string | undefined {
  return status?.phase === 'Failed' ? sentence(status.reason || 'Failed', status.message) : undefined;
}

function explainScheduling({ status }: Pod): string | undefined {
  const scheduled = status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  return scheduled?.status === 'False' ? sentence(scheduled.reason || 'Unschedulable', scheduled.message) : undefined;
}
