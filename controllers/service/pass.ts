import { type ConditionLedger, openConditions, serviceDependents } from '../../api/conditions.ts';
import type { Answer, Question } from '../../api/inquiry.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isStopped } from '../../api/predicates.ts';
import type { LLMInferenceService, LLMInferenceServiceStatus } from '../../api/types.ts';
import type { ConditionChange } from '../../assess/condition-change.ts';
import type { EventText } from '../../render/children.ts';

/** A service as it sits in the API server. */
export type StoredService = LLMInferenceService & KubeObject & { metadata: { name: string; namespace: string; uid: string } };

/** The state of one reconcile pass: what it started from, and what it has found out so far. */
export interface Pass {
  readonly stored: StoredService;
  readonly stopped: boolean;
  /** Milliseconds since the epoch; the one "now" of the pass. */
  readonly now: number;
  readonly conditions: ConditionLedger;
  /** The status to publish; conditions and observedGeneration are added at the end. */
  readonly status: LLMInferenceServiceStatus;
  /** What has happened in this pass. */
  readonly events: EventText[];
  /** What users should know about the service as it is; told when it is new. */
  readonly advice: EventText[];
  respond(question: Question): Promise<Answer>;
  /** Takes note of an object the pass has written, so that what is asked later sees it. */
  note(object: KubeObject): void;
}

export const timestamp = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

/** Opens a pass on a service (R3.2 steps 5 and 6). */
export function beginPass(stored: StoredService, now: number, { respond, note }: Pick<Pass, 'respond' | 'note'>): Pass {
  const status = structuredClone(stored.status ?? {});
  return {
    stored,
    stopped: isStopped(stored.metadata),
    now,
    conditions: openConditions(status.conditions, {
      dependents: serviceDependents,
      now: timestamp(now),
      generationObserved: status.observedGeneration === stored.metadata.generation,
    }),
    status,
    events: [],
    advice: [],
    respond,
    note,
  };
}

/** Carries out what an assessment found. */
export function applyChanges(conditions: ConditionLedger, changes: readonly ConditionChange[]): void {
  for (const change of changes) {
    if ('clear' in change) conditions.clear(change.type);
    else if (change.status === 'True') conditions.markTrue(change.type, change.reason, change.message);
    else conditions.markFalse(change.type, change.reason ?? '', change.message ?? '');
  }
}

/** The status of a finished pass; the generation counts as observed whatever the outcome (R3.9). */
export function finishedStatus(pass: Pass): LLMInferenceServiceStatus {
  const { generation } = pass.stored.metadata;
  return { ...pass.status, ...(generation === undefined ? {} : { observedGeneration: generation }), conditions: pass.conditions.list() };
}
