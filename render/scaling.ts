import { get, type Inquiry, served } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection, type Rejection, reject, withinStep } from '../api/rejection.ts';
import type { WorkloadSpec } from '../api/types.ts';
import { hpaName, renderDirectScaledObject, renderHpa, renderVariantScaledObject, type ScaledWorkload, scaledObjectName } from './actuator.ts';
import type { Context, EventText, ObjectRef, Stage } from './children.ts';
import { childRef, ownedByService } from './identity.ts';

type Phase = ScaledWorkload['phase'];

interface Actuators {
  readonly present: readonly KubeObject[];
  readonly absent: readonly ObjectRef[];
}

/**
 * HPAs and ScaledObjects of the main and the prefill workload (R6.27, R6.28). A rejection names the workload in `field`; what
 * could be rendered of the other workload stands beside it.
 */
export function* renderScaling(context: Context): Inquiry<Stage> {
  const main = yield* renderActuators(context, 'main', context.spec);
  const prefill = yield* renderActuators(context, 'prefill', context.spec.prefill);
  const rejection = [main, prefill].find(isRejection);
  const rendered = [main, prefill].filter((actuators) => !isRejection(actuators)) as Actuators[];
  return {
    name: 'scaling',
    present: rendered.flatMap(({ present }) => present),
    absent: rendered.flatMap(({ absent }) => absent),
    ...(rejection === undefined ? {} : { rejection, events: missingKindEvents(rejection) }),
  };
}

/** Both actuators of both workloads: what a stopped service must not have. */
export function actuatorRefs(context: Context): ObjectRef[] {
  return (['main', 'prefill'] as const).flatMap((phase) => [hpaRef(context, phase), scaledObjectRef(context, phase)]);
}

const hpaRef = (context: Context, phase: Phase) => childRef(context, kinds.horizontalPodAutoscaler, hpaName(context, phase));
const scaledObjectRef = (context: Context, phase: Phase) => childRef(context, kinds.scaledObject, scaledObjectName(context, phase));

/** The one actuator that the workload's spec asks for, and the other as absent. */
function* renderActuators(context: Context, phase: Phase, workload: WorkloadSpec | undefined): Inquiry<Actuators | Rejection> {
  const [hpa, scaledObject] = [hpaRef(context, phase), scaledObjectRef(context, phase)];
  const { scaling } = workload ?? {};
  if (workload === undefined || scaling === undefined) return { present: [], absent: [scaledObject, hpa] };
  const scaled: ScaledWorkload = { phase, workload, scaling };
  const inStep = (rejection: Rejection): Rejection => ({
    ...withinStep(rejection, `failed to reconcile ${phase} workload scaling: failed to reconcile ${phase} actuator`),
    field: phase === 'main' ? 'spec.scaling' : 'spec.prefill.scaling',
  });

  const wanted = yield* wantedScaledObject(context, scaled);
  if (isRejection(wanted)) return inStep(wanted);
  // Two actuators on one workload work against each other, and KEDA refuses a target that has an HPA: the wanted one comes when
  // the other is gone, which the deletion of that one tells (06 §12 item 3).
  if (wanted !== undefined) return { present: (yield* isLive(context, hpa)) ? [] : [wanted], absent: [hpa] };
  if (scaling.wva?.hpa === undefined) return { present: [], absent: [scaledObject, hpa] };
  const isReplaced = yield* scaledObjectIsLive(context, scaledObject);
  return { present: isReplaced ? [] : [renderHpa(context, scaled)], absent: [scaledObject] };
}

/** Direct KEDA wins where the spec has both (R6.26). Without KEDA in the cluster the wish cannot be fulfilled (R6.37). */
function* wantedScaledObject(context: Context, scaled: ScaledWorkload): Inquiry<KubeObject | undefined | Rejection> {
  const { keda, wva } = scaled.scaling;
  if (keda === undefined && wva?.keda === undefined) return undefined;
  if (!(yield* served(kinds.scaledObject))) {
    const { apiVersion, kind } = kinds.scaledObject;
    return reject('ScalingCRDNotFound', `no matches for kind "${kind}" in version "${apiVersion}"`);
  }
  if (keda !== undefined) return renderDirectScaledObject(context, scaled, keda);
  return wva?.keda === undefined ? undefined : renderVariantScaledObject(context, scaled, wva.keda);
}

function* isLive(context: Context, ref: ObjectRef): Inquiry<boolean> {
  const live = yield* get(ref.kind, context.service.metadata.namespace, ref.name);
  return live !== undefined && ownedByService(context, live);
}

/** A ScaledObject counts until the HPA that KEDA made for it is gone as well. */
function* scaledObjectIsLive(context: Context, ref: ObjectRef): Inquiry<boolean> {
  if (!(yield* served(kinds.scaledObject))) return false;
  if (yield* isLive(context, ref)) return true;
  const made = yield* get(kinds.horizontalPodAutoscaler, context.service.metadata.namespace, `keda-hpa-${ref.name}`);
  return made?.metadata.ownerReferences?.some((owner) => owner.kind === kinds.scaledObject.kind && owner.name === ref.name) ?? false;
}

function missingKindEvents({ reason, message }: Rejection): EventText[] {
  return reason === 'ScalingCRDNotFound' ? [{ type: 'Warning', reason, message: `Required scaling CRD not installed: ${message}` }] : [];
}
