import { applyDefaults } from '../api/default.ts';
import { answer } from '../api/inquiry.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { type Plan, planService } from '../assess/plan.ts';
import type { Context, StageName } from '../render/children.ts';
import { scalingStages } from '../render/scaling.ts';
import { type OfflineCluster, stored } from './offline-cluster.ts';

/** Stands for the uid a service gets when it is created. */
const NO_UID = '00000000-0000-0000-0000-000000000000';

/** The service of a manifest as the operator would read it: in the current version, with its defaults, and with a uid. */
export function asStoredService(object: KubeObject): Context['service'] {
  const hub = stored({ ...object, metadata: { uid: NO_UID, ...object.metadata } });
  return applyDefaults(hub as unknown as LLMInferenceService) as Context['service'];
}

/** What a service comes to, or why it cannot be served. */
export function planOffline(object: KubeObject, { settings, options, respond }: OfflineCluster): Plan | Rejection {
  const plan = answer(planService(asStoredService(object), settings, options), respond);
  return isRejection(plan) ? plan : (rejectionIn(plan) ?? plan);
}

const scaling: readonly StageName[] = Object.values(scalingStages);

/** Why a planned service cannot be served, if it cannot. */
export function rejectionIn({ rejection, stages }: Plan): Rejection | undefined {
  return rejection ?? stages.find((stage) => stage.rejection && !scaling.includes(stage.name))?.rejection;
}

/** Why workloads of a planned service cannot be scaled. It is served all the same (06 §12 item 11). */
export function scalingRejections({ stages }: Plan): Rejection[] {
  return stages.flatMap(({ name, rejection }) => (rejection && scaling.includes(name) ? [rejection] : []));
}

/** The objects a planned service becomes, in the order in which the operator writes them. */
export const objectsOf = ({ stages }: Plan): readonly KubeObject[] => stages.flatMap((stage) => stage.present);

/** Why a service cannot be served, for its author: the field at fault, and what to do about it. */
export function explain(
  { reason, field = 'spec', message }: Rejection,
  { spec }: Pick<LLMInferenceService, 'spec'>,
): { field: string; text: string } {
  if (field === 'spec.model.uri') return { field, text: explainModel(spec?.model?.uri ?? '', message) };
  if (reason !== 'ConfigNotFound') return { field, text: message.replace(` (${field})`, '') };
  const missing = spec?.baseRefs?.findIndex(({ name }) => message.includes(` ${JSON.stringify(name)} not found`)) ?? -1;
  const at = missing < 0 ? field : `spec.baseRefs[${missing}]`;
  return { field: at, text: `${message}. If it is in another file, name that one with -f, too` };
}

const SCHEMES = 'hf://, s3://, pvc:// and oci://';

function explainModel(uri: string, message: string): string {
  if (uri === '') return `no model is given: write where it is, as in hf://Qwen/Qwen2.5-7B-Instruct (${SCHEMES} are known)`;
  const [scheme, ...rest] = uri.split('://');
  if (rest.length === 0)
    return `${JSON.stringify(uri)} does not say where the model is: write hf://${uri} if it is on Hugging Face (${SCHEMES} are known)`;
  if (message.includes('unsupported schema')) return `nothing here fetches ${scheme}://: ${SCHEMES} are known`;
  return message;
}
