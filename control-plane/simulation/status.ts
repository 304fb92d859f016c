import type { Condition, KubeObject } from '../../api/kubernetes.ts';

/** A condition before it is known since when it holds. */
export type WantedCondition = Required<Pick<Condition, 'type' | 'status' | 'reason' | 'message'>> & { readonly observedGeneration?: number };

export const isTrue = (type: string, reason: string, message = '', observedGeneration?: number): WantedCondition => ({
  type,
  status: 'True',
  reason,
  message,
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
});

export const isFalse = (type: string, reason: string, message: string, observedGeneration?: number): WantedCondition => ({
  ...isTrue(type, reason, message, observedGeneration),
  status: 'False',
});

/** The conditions with their times: an unchanged one keeps its own, a changed one is of `now`. */
export function withTimes(wanted: readonly WantedCondition[], previous: readonly Condition[] | undefined, now: string): Condition[] {
  return wanted.map((condition) => {
    const before = previous?.find(({ type }) => type === condition.type);
    return { ...condition, lastTransitionTime: (before?.status === condition.status && before.lastTransitionTime) || now };
  });
}

/** The parts of objects that the simulation reads. */
export interface Workload extends KubeObject {
  spec: { replicas?: number; leaderWorkerTemplate?: { size?: number; leaderTemplate?: Template; workerTemplate: Template } };
  status?: { readyReplicas?: number; conditions?: Condition[] };
}

export interface Template {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
}
