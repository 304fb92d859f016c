import { conditionTypes, findCondition } from '../api/conditions.ts';
import { getLive, type Inquiry, list } from '../api/inquiry.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import type { Condition, KubeObject, Pod } from '../api/kubernetes.ts';
import type { Context, StageName } from '../render/children.ts';
import { explainGroupName } from '../render/group-names.ts';
import { nameOf } from '../render/identity.ts';
import { type ConditionChange, clearCondition, markFalse, markStopped, markTrue } from './condition-change.ts';
import { explainPods } from './pod-failures.ts';

/** What is read of a live Deployment or LeaderWorkerSet. */
export interface LiveWorkload extends KubeObject {
  spec?: { replicas?: number; selector?: { matchLabels?: Record<string, string> } };
  status?: {
    observedGeneration?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    readyReplicas?: number;
    conditions?: Condition[];
  };
}

export type Shape = 'deployment' | 'leaderWorkerSet';

interface Part {
  readonly condition: string;
  readonly shape: Shape;
  readonly name: string;
  readonly wanted: boolean;
  /** Why it may never become available, whatever its pods say. */
  readonly obstacle?: string | undefined;
}

/** The four workloads a service can have (R3.51); of main and prefill, at most one shape each is wanted. */
function partsOf(context: Context): Part[] {
  const { worker, prefill } = context.spec;
  const t = conditionTypes;
  return [
    { condition: t.mainWorkloadReady, shape: 'deployment', name: nameOf(context, 'main'), wanted: worker === undefined },
    {
      condition: t.workerWorkloadReady,
      shape: 'leaderWorkerSet',
      name: nameOf(context, 'mainMultiNode'),
      wanted: worker !== undefined,
      obstacle: explainGroupName(context.service.metadata.name, 'mainMultiNode', context.spec),
    },
    {
      condition: t.prefillWorkloadReady,
      shape: 'deployment',
      name: nameOf(context, 'prefill'),
      wanted: prefill !== undefined && prefill.worker === undefined,
    },
    {
      condition: t.prefillWorkerWorkloadReady,
      shape: 'leaderWorkerSet',
      name: nameOf(context, 'prefillMultiNode'),
      wanted: prefill?.worker !== undefined,
      obstacle: prefill && explainGroupName(context.service.metadata.name, 'prefillMultiNode', prefill),
    },
  ];
}

/** The stage that takes care of workloads of a shape. */
const stageOf: Readonly<Record<Shape, StageName>> = { deployment: 'singleNode', leaderWorkerSet: 'multiNode' };

/**
 * Conditions of the model servers, from the live objects (R3.60, R3.77): those of workloads that are not wanted are removed,
 * all are False for a stopped service (R3.110). While a workload is not available, its pods are asked why (B3.12).
 *
 * @param settled the stages that came to their end; workloads of others keep the conditions they have
 */
export function* assessWorkloads(context: Context, settled: readonly StageName[] = Object.values(stageOf)): Inquiry<ConditionChange[]> {
  const changes: ConditionChange[] = [];
  for (const part of partsOf(context)) {
    const { condition, shape, wanted } = part;
    if (!settled.includes(stageOf[shape])) continue;
    if (context.stopped) changes.push(markStopped(condition));
    else if (!wanted) changes.push(clearCondition(condition));
    else changes.push(yield* assessWorkload(context, part));
  }
  return changes;
}

function* assessWorkload(context: Context, { condition: type, shape, name, obstacle }: Part): Inquiry<ConditionChange> {
  const live = yield* readLive<LiveWorkload>(context, kinds[shape], name);
  const verdict = live ? judgeAvailability(type, live, shape) : progressing(type, shape);
  if (!live || 'clear' in verdict || verdict.status === 'True') return verdict;
  const words = explainPods(yield* podsOf(context, live, shape));
  // Clients compare the reason: it stays that of the workload, what its pods say, and what keeps them from being made, is added to the message.
  return markFalse(type, verdict.reason ?? '', [verdict.message, describeRollout(live, shape), words, obstacle].filter(Boolean).join('; '));
}

/** How far a Deployment is, where its controller has looked at its present state (B3.11). */
function describeRollout({ metadata, spec, status }: LiveWorkload, shape: Shape): string | undefined {
  const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  if (shape !== 'deployment' || observedGeneration === 0 || observedGeneration !== metadata.generation) return undefined;
  return `${updatedReplicas} of ${spec?.replicas ?? 1} replicas are up to date, ${availableReplicas} available`;
}

/** The pods of a live workload, by their labels. */
export function* podsOf({ service }: Context, live: LiveWorkload, shape: Shape): Inquiry<readonly Pod[]> {
  const { name = '' } = live.metadata;
  const selector = shape === 'deployment' ? (live.spec?.selector?.matchLabels ?? {}) : { 'leaderworkerset.sigs.k8s.io/name': name };
  return Object.keys(selector).length > 0 ? yield* list<Pod>(kinds.pod, service.metadata.namespace, selector) : [];
}

/** How many replicas of a live workload serve (R3.106). */
export function servingReplicas({ status }: LiveWorkload, shape: Shape): number {
  return (shape === 'deployment' ? status?.availableReplicas : status?.readyReplicas) ?? 0;
}

/**
 * The condition of a workload from its own `Available` (R3.60, R3.77). A status of an older generation says nothing about the
 * present one; an exceeded deadline says more than missing replicas (B3.11).
 */
export function judgeAvailability(type: string, live: LiveWorkload, shape: Shape): ConditionChange {
  const { observedGeneration = 0, conditions } = live.status ?? {};
  if (observedGeneration > 0 && observedGeneration < (live.metadata.generation ?? 0)) return progressing(type, shape);
  const available = findCondition(conditions, 'Available');
  if (available?.status === 'True') return markTrue(type);
  const stuck = findCondition(conditions, 'Progressing');
  const telling = stuck?.status === 'False' ? stuck : available;
  return telling ? markFalse(type, telling.reason ?? '', telling.message ?? '') : progressing(type, shape);
}

function progressing(type: string, shape: Shape): ConditionChange {
  return markFalse(type, 'Progressing', shape === 'deployment' ? '' : 'LWS is progressing');
}

/** A child as it is now. */
export function* readLive<T>(context: Context, kind: Kind, name: string): Inquiry<T | undefined> {
  return yield* getLive<T>(kind, context.service.metadata.namespace, name);
}
