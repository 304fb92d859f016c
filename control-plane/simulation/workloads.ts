import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isFalse, isTrue, type Workload, withTimes } from './status.ts';
import type { Rule } from './world.ts';

/** How many replicas become ready at a time. */
export type Pace = 'all at once' | 'one by one';

/** Deployments whose Pods exist in their status only. */
export const deploymentRule = (pace: Pace): Rule<Workload> => ({
  kind: kinds.deployment,
  dependsOn: [],
  decide(deployment, _world, now) {
    const { replicas, ready } = progressOf(deployment, pace);
    const complete = ready === replicas;
    const conditions = [
      complete
        ? isTrue('Available', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
        : isFalse('Available', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'),
      complete
        ? isTrue('Progressing', 'NewReplicaSetAvailable', 'The new ReplicaSet has successfully progressed.')
        : isTrue('Progressing', 'ReplicaSetUpdated', 'The new ReplicaSet is progressing.'),
    ];
    return [
      {
        status: {
          observedGeneration: deployment.metadata.generation,
          replicas,
          updatedReplicas: replicas,
          readyReplicas: ready,
          availableReplicas: ready,
          unavailableReplicas: replicas - ready,
          conditions: withTimes(conditions, deployment.status?.conditions, now),
        },
      },
    ];
  },
});

/** LeaderWorkerSets whose Pods exist in their status only. */
export const leaderWorkerSetRule = (pace: Pace): Rule<Workload> => ({
  kind: kinds.leaderWorkerSet,
  dependsOn: [],
  decide(set, _world, now) {
    const { replicas, ready } = progressOf(set, pace);
    return [{ status: leaderWorkerSetStatus(set, { replicas, ready }, now) }];
  },
});

/** The status of a LeaderWorkerSet with so many groups, and so many of them ready. */
export function leaderWorkerSetStatus(
  set: Workload,
  groups: { readonly replicas: number; readonly ready: number },
  now: string,
): Record<string, unknown> {
  const { replicas, ready } = groups;
  const complete = replicas === (set.spec.replicas ?? 1) && ready === replicas;
  const conditions = [
    complete
      ? isTrue('Available', 'AllGroupsReady', 'All replicas are ready')
      : isFalse('Available', 'GroupsProgressing', 'Replicas are progressing'),
    complete
      ? isFalse('Progressing', 'AllGroupsReady', 'All replicas are ready')
      : isTrue('Progressing', 'GroupsProgressing', 'Replicas are progressing'),
  ];
  return {
    replicas,
    readyReplicas: ready,
    updatedReplicas: replicas,
    hpaPodSelector: leaderSelector(set),
    conditions: withTimes(conditions, set.status?.conditions, now),
  };
}

const leaderSelector = (set: KubeObject): string =>
  `leaderworkerset.sigs.k8s.io/name=${set.metadata.name},leaderworkerset.sigs.k8s.io/worker-index=0`;

function progressOf(workload: Workload, pace: Pace): { replicas: number; ready: number } {
  const replicas = workload.spec.replicas ?? 1;
  const ready = pace === 'all at once' ? replicas : Math.min((workload.status?.readyReplicas ?? 0) + 1, replicas);
  return { replicas, ready };
}
