import { get, type Inquiry, served } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import type { LLMInferenceServiceSpec, WorkloadSpec } from '../api/types.ts';
import {
  hpaName,
  renderDirectScaledObject,
  renderHpa,
  renderVariantScaledObject,
  type ScaledWorkload,
  type ScalingPhase,
  scaledObjectName,
} from './actuator.ts';
import type { Context, EventText, ObjectRef, Stage } from './children.ts';
import { childRef, ownedByService } from './identity.ts';

/** The stage that holds the actuators of a phase. */
export const scalingStages = { main: 'scaling', prefill: 'prefillScaling' } as const;

/** The workload of a phase, if the service has it. */
export const workloadOf = (spec: LLMInferenceServiceSpec, phase: ScalingPhase): WorkloadSpec | undefined => (phase === 'main' ? spec : spec.prefill);

/**
 * The actuator that the workload of a phase asks for, and the other one as absent (R6.27, R6.28). While the other one is still there, the
 * wanted one is neither created nor changed (06 §12 item 3). A rejection has the reason of the condition; the wrappers of R6.36 are added
 * by whoever reports it.
 */
export function* renderScaling(context: Context, phase: ScalingPhase): Inquiry<Stage> {
  const name = scalingStages[phase];
  const [scaledObject, hpa] = [scaledObjectRef(context, phase), hpaRef(context, phase)];
  const wanted = yield* wantedActuator(context, phase);
  if (wanted === undefined) return { name, present: [], absent: [scaledObject, hpa] };
  if (isRejection(wanted)) {
    const field = phase === 'main' ? 'spec.scaling' : 'spec.prefill.scaling';
    return { name, present: [], absent: [], rejection: { ...wanted, field }, events: missingKindEvents(wanted) };
  }
  const isFree = (yield* actuatorInTheWay(context, phase)) === undefined;
  return { name, present: isFree ? [wanted] : [], absent: [wanted.kind === kinds.scaledObject.kind ? hpa : scaledObject] };
}

/** Both actuators of a phase: what a stopped service must not have. */
export const actuatorRefs = (context: Context, phase: ScalingPhase): ObjectRef[] => [hpaRef(context, phase), scaledObjectRef(context, phase)];

const hpaRef = (context: Context, phase: ScalingPhase) => childRef(context, kinds.horizontalPodAutoscaler, hpaName(context, phase));
const scaledObjectRef = (context: Context, phase: ScalingPhase) => childRef(context, kinds.scaledObject, scaledObjectName(context, phase));

/** The kind of actuator that a workload asks for; direct KEDA wins where the spec has both (R6.26). */
export function actuatorKind({ scaling }: WorkloadSpec): 'hpa' | 'scaledObject' | undefined {
  if (scaling?.keda ?? scaling?.wva?.keda) return 'scaledObject';
  return scaling?.wva?.hpa && 'hpa';
}

/** Without KEDA in the cluster a ScaledObject is a wish that cannot be fulfilled (R6.37). */
function* wantedActuator(context: Context, phase: ScalingPhase): Inquiry<KubeObject | undefined | Rejection> {
  const workload = workloadOf(context.spec, phase);
  const kind = workload && actuatorKind(workload);
  if (!workload?.scaling || kind === undefined) return undefined;
  const scaled: ScaledWorkload = { phase, workload, scaling: workload.scaling };
  if (kind === 'hpa') return renderHpa(context, scaled);
  if (!(yield* served(kinds.scaledObject))) {
    const { apiVersion, kind: missing } = kinds.scaledObject;
    return reject('ScalingCRDNotFound', `no matches for kind "${missing}" in version "${apiVersion}"`);
  }
  const { keda, wva } = workload.scaling;
  return keda ? renderDirectScaledObject(context, scaled, keda) : renderVariantScaledObject(context, scaled, wva?.keda ?? {});
}

/**
 * The live actuator of the other kind that has to go before the wanted one may come: two actuators on one workload work against each
 * other, and KEDA refuses a target that has an HPA (06 §12 item 3). A ScaledObject counts until the HPA that KEDA made for it is gone
 * as well. The event of its end starts the pass that creates the wanted one.
 */
export function* actuatorInTheWay(context: Context, phase: ScalingPhase): Inquiry<KubeObject | undefined> {
  const workload = workloadOf(context.spec, phase);
  const wanted = workload && actuatorKind(workload);
  if (wanted === undefined) return undefined;
  if (wanted === 'scaledObject') return yield* liveOwn(context, hpaRef(context, phase));
  if (!(yield* served(kinds.scaledObject))) return undefined;
  const ref = scaledObjectRef(context, phase);
  return (yield* liveOwn(context, ref)) ?? (yield* madeByKeda(context, ref));
}

function* liveOwn(context: Context, { kind, name }: ObjectRef): Inquiry<KubeObject | undefined> {
  const live = yield* get(kind, context.service.metadata.namespace, name);
  return live && ownedByService(context, live) ? live : undefined;
}

function* madeByKeda(context: Context, scaledObject: ObjectRef): Inquiry<KubeObject | undefined> {
  const live = yield* get(kinds.horizontalPodAutoscaler, context.service.metadata.namespace, `keda-hpa-${scaledObject.name}`);
  const isOf = (owner: { kind: string; name: string }): boolean => owner.kind === kinds.scaledObject.kind && owner.name === scaledObject.name;
  return live?.metadata.ownerReferences?.some(isOf) ? live : undefined;
}

function missingKindEvents({ reason, message }: Rejection): EventText[] {
  return reason === 'ScalingCRDNotFound' ? [{ type: 'Warning', reason, message: `Required scaling CRD not installed: ${message}` }] : [];
}
