import type { EventText } from '../api/event-text.ts';
import type { Kind } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Options } from '../api/options.ts';
import type { Rejection } from '../api/rejection.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../api/types.ts';
import type { ResolvedAdapter } from '../assemble/adapters.ts';
import type { Settings } from '../assemble/settings.ts';

export type { EventText };

/** What every renderer works from. `spec` is the effective spec; `service.metadata` and `service.status` are those of the stored object. */
export interface Context {
  readonly service: LLMInferenceService & { readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string } };
  readonly spec: LLMInferenceServiceSpec;
  readonly adapters: readonly ResolvedAdapter[];
  readonly settings: Settings;
  readonly options: Options;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly stopped: boolean;
}

export interface ObjectRef {
  readonly kind: Kind;
  readonly name: string;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
}

/** A live object that gives way to the one that is wanted. */
export interface Replacement extends ObjectRef {
  /** Its pods stay; the new object can only be created when the old one has let go of them. */
  readonly keepsPods?: boolean;
}

/**
 * One stage of what a service wants: objects that must exist as given, objects that must not exist. `present` objects state
 * only what the operator owns; a field that is left out is left to the server or to others (`replicas` under an autoscaler).
 * Stages are applied in order, the objects of one stage concurrently. A stage that cannot be rendered carries a
 * rejection; what it holds, and the stages before it, are still applied.
 */
export interface Stage {
  readonly name: StageName;
  readonly present: readonly KubeObject[];
  readonly absent: readonly ObjectRef[];
  /**
   * Objects of `present` that the server would not update, because a field that cannot be changed differs from the live one:
   * they are deleted before anything else is written, and created anew.
   */
  readonly recreate?: readonly Replacement[];
  /** What users should know about what is rendered. */
  readonly events?: readonly EventText[];
  readonly rejection?: Rejection;
}

export type StageName =
  | 'certificate'
  | 'managedDra'
  | 'multiNode'
  | 'singleNode'
  | 'workloadService'
  | 'scaling'
  | 'prefillScaling'
  | 'schedulerAccess'
  | 'tokenizer'
  | 'pools'
  | 'scheduler'
  | 'schedulerService'
  | 'route'
  | 'platformNetworking';
