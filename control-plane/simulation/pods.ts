import { createHash } from 'node:crypto';
import { kinds } from '../../api/kinds.ts';
import type { Condition, KubeObject } from '../../api/kubernetes.ts';
import { isTrue, type Template, type Workload, withTimes } from './status.ts';
import { leaderWorkerSetStatus } from './workloads.ts';
import type { Action, Rule } from './world.ts';

const LWS = 'leaderworkerset.sigs.k8s.io';

interface Container {
  name: string;
  image?: string;
  restartPolicy?: string;
  env?: unknown[];
}

export interface SimulatedPod extends KubeObject {
  spec: { containers: Container[]; initContainers?: Container[] };
  status?: { phase?: string; podIP?: string; conditions?: Condition[] };
}

/** Runs every Pod at once: a kubelet without containers. `addressOf` is asked once per Pod for its IP address. */
export const podRule = (addressOf: (pod: SimulatedPod) => string): Rule<SimulatedPod> => ({
  kind: kinds.pod,
  dependsOn: [],
  decide(pod, _world, now) {
    if (pod.metadata.deletionTimestamp || pod.status?.phase === 'Running') return [];
    const podIP = addressOf(pod);
    const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({ ...isTrue(type, 'Simulated') }));
    return [
      {
        status: {
          phase: 'Running',
          podIP,
          podIPs: [{ ip: podIP }],
          startTime: now,
          conditions: withTimes(conditions, undefined, now),
          initContainerStatuses: pod.spec.initContainers?.map((c) => (c.restartPolicy === 'Always' ? running(c, now) : completed(c, now))),
          containerStatuses: pod.spec.containers.map((container) => running(container, now)),
        },
      },
    ];
  },
});

const containerStatus = ({ name, image = '' }: Container) => ({ name, image, imageID: `simulated/${image}`, restartCount: 0 });
const running = (container: Container, startedAt: string) => ({
  ...containerStatus(container),
  ready: true,
  started: true,
  state: { running: { startedAt } },
});
const completed = (container: Container, at: string) => ({
  ...containerStatus(container),
  ready: true,
  started: false,
  state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at } },
});

/** LeaderWorkerSets with Pods: one leader and `size - 1` workers per group, replaced when the template changes. */
export const leaderWorkerSetPodsRule: Rule<Workload> = {
  kind: kinds.leaderWorkerSet,
  dependsOn: [kinds.pod],
  decide(set, world, now) {
    const live = world.all<SimulatedPod>(kinds.pod).filter((pod) => isPodOf(set, pod));
    const wanted = podsOf(set);
    const wantedNames = new Set(wanted.map((pod) => pod.metadata.name));
    const outdated = live.filter((pod) => !wantedNames.has(pod.metadata.name) || revisionIn(pod) !== revisionOf(set));
    const current = new Set(live.map((pod) => pod.metadata.name));
    const missing = wanted.filter((pod) => !current.has(pod.metadata.name));
    return [
      ...outdated.filter((pod) => !pod.metadata.deletionTimestamp).map((pod): Action => ({ remove: pod })),
      ...missing.map((pod): Action => ({ create: pod })),
      { status: leaderWorkerSetStatus(set, groupsOf(set, live), now) },
    ];
  },
};

const isPodOf = (set: Workload, pod: KubeObject): boolean =>
  pod.metadata.namespace === set.metadata.namespace && pod.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) === true;

const revisionOf = (set: Workload): string => hash(JSON.stringify(set.spec.leaderWorkerTemplate));
const revisionIn = (pod: KubeObject): string | undefined => pod.metadata.labels?.[`${LWS}/template-revision-hash`];
const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

function groupsOf(set: Workload, pods: readonly SimulatedPod[]): { replicas: number; ready: number } {
  const size = set.spec.leaderWorkerTemplate?.size ?? 1;
  const readyPods = pods.filter((pod) => pod.status?.phase === 'Running' && revisionIn(pod) === revisionOf(set));
  const groups = Object.values(Object.groupBy(pods, (pod) => pod.metadata.labels?.[`${LWS}/group-index`] ?? ''));
  return { replicas: groups.length, ready: groups.filter((group) => group?.filter((pod) => readyPods.includes(pod)).length === size).length };
}

function podsOf(set: Workload): KubeObject[] {
  const { leaderWorkerTemplate: template, replicas = 1 } = set.spec;
  if (!template) return [];
  const { size = 1, workerTemplate, leaderTemplate = workerTemplate } = template;
  return range(replicas).flatMap((group) => range(size).map((index) => podOf(set, group, index, index === 0 ? leaderTemplate : workerTemplate)));
}

function podOf(set: Workload, group: number, index: number, template: Template): KubeObject {
  const { name = '', namespace = '', uid = '' } = set.metadata;
  const leader = `${name}-${group}`;
  const size = set.spec.leaderWorkerTemplate?.size ?? 1;
  const environment = [
    { name: 'LWS_LEADER_ADDRESS', value: `${leader}.${name}.${namespace}` },
    { name: 'LWS_GROUP_SIZE', value: String(size) },
    { name: 'LWS_WORKER_INDEX', value: String(index) },
  ];
  const containers = (template.spec.containers as Container[]).map((c) => ({ ...c, env: [...environment, ...(c.env ?? [])] }));
  return {
    apiVersion: kinds.pod.apiVersion,
    kind: kinds.pod.kind,
    metadata: {
      name: index === 0 ? leader : `${leader}-${index}`,
      namespace,
      labels: {
        ...template.metadata?.labels,
        [`${LWS}/name`]: name,
        [`${LWS}/group-index`]: String(group),
        [`${LWS}/worker-index`]: String(index),
        [`${LWS}/group-key`]: hash(`${namespace}/${leader}`),
        [`${LWS}/template-revision-hash`]: revisionOf(set),
      },
      annotations: {
        ...template.metadata?.annotations,
        [`${LWS}/size`]: String(size),
        ...(index === 0 ? {} : { [`${LWS}/leader-name`]: leader }),
      },
      ownerReferences: [{ apiVersion: set.apiVersion, kind: set.kind, name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: { ...template.spec, containers },
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
