import type { Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { isRejection, type Rejection, withinStep } from '../api/rejection.ts';
import { scalingPhases } from './actuator.ts';
import { renderCertificate } from './certificate.ts';
import type { Context, ObjectRef, Stage, StageName } from './children.ts';
import { type RenderedWorkload, renderMainDeployment, renderPrefillDeployment } from './deployment.ts';
import { childRef, nameOf } from './identity.ts';
import { renderMainGroup, renderPrefillGroup } from './leader-worker-set.ts';
import { renderManagedDra } from './managed-dra.ts';
import { actuatorRefs, renderScaling, scalingStages } from './scaling.ts';
import { accessRefs, multiNodeAccess, prefillMultiNodeAccess, singleNodeAccess } from './service-account.ts';
import { renderWorkloadService } from './workload-service.ts';

const renderers = {
  certificate: certificateStage,
  managedDra: managedDraStage,
  multiNode: multiNodeStage,
  singleNode: singleNodeStage,
  workloadService: serviceStage,
  scaling: (context) => renderScaling(context, 'main'),
  prefillScaling: (context) => renderScaling(context, 'prefill'),
} satisfies Partial<Record<StageName, (context: Context) => Inquiry<Stage>>>;

export type WorkloadStageName = keyof typeof renderers;

/** The stages of R3.50, in their order: certificate, device claims, LeaderWorkerSets, Deployments, Service, autoscalers. */
export const workloadStages: readonly WorkloadStageName[] = [
  'certificate',
  'managedDra',
  'multiNode',
  'singleNode',
  'workloadService',
  'scaling',
  'prefillScaling',
];
const isScaling = (name: StageName): boolean => name === scalingStages.main || name === scalingStages.prefill;

/**
 * What a service's workloads consist of: all stages, or those asked for. Every object is built once (B3.5). Both kinds of workload
 * are always looked at, so that a change of topology removes what is not wanted any more (R3.51).
 *
 * A stage that cannot be rendered ends the list, but for those of scaling, which stand alone (06 §12 item 11): it holds what comes before
 * the failure, and carries a rejection whose reason is that of the condition, and whose message has the wrappers of R3.55 and R3.70; the prefix of the stage itself (R3.42:
 * `failed to reconcile single node workload:`) is added by whoever reports it.
 */
export function* renderWorkloads(context: Context, names: readonly WorkloadStageName[] = workloadStages): Inquiry<Stage[]> {
  if (context.stopped) return stoppedStages(context).filter(({ name }) => (names as readonly StageName[]).includes(name));
  const stages: Stage[] = [];
  for (const name of names) {
    const stage = yield* renderers[name](context);
    stages.push(stage);
    if (stage.rejection && !isScaling(name)) break;
  }
  return stages;
}

function* certificateStage(context: Context): Inquiry<Stage> {
  return { name: 'certificate', present: [yield* renderCertificate(context)], absent: [] };
}

/** The template of device claims, the first step of R3.55 and of R3.70; an error in it is one of the main workload (B3.15). */
function* managedDraStage(context: Context): Inquiry<Stage> {
  const dra = yield* renderManagedDra(context);
  if (!isRejection(dra)) return workloadStage('managedDra', [dra]);
  const reason = context.spec.worker === undefined ? 'ReconcileSingleNodeWorkloadError' : 'ReconcileMultiNodeWorkloadError';
  return workloadStage('managedDra', [], withinStep(dra, 'failed to reconcile managed DRA', reason));
}

/** Accounts and LeaderWorkerSets (R3.70). */
function* multiNodeStage(context: Context): Inquiry<Stage> {
  const { worker, prefill } = context.spec;
  const parts: Part[] = [];
  const ended = (rejection: Rejection, step: string) =>
    workloadStage('multiNode', parts, withinStep(rejection, step, 'ReconcileMultiNodeWorkloadError'));
  const access = yield* multiNodeAccess(context);
  if (isRejection(access)) return ended(access, 'failed to reconcile multi-node service account');
  parts.push(access);
  const main = worker && (yield* renderMainGroup(context, worker, access));
  if (isRejection(main)) return ended(main, 'failed to reconcile multi-node main workload');
  const prefillAccess = yield* prefillMultiNodeAccess(context);
  if (isRejection(prefillAccess)) return ended(prefillAccess, 'failed to reconcile multi-node service account');
  const [mainRef, prefillRef] = groupRefs(context);
  parts.push(prefillAccess, orAbsent(main, mainRef));
  const second = prefill?.worker && (yield* renderPrefillGroup(context, prefill, prefill.worker, prefillAccess));
  if (isRejection(second)) return ended(second, 'failed to reconcile multi-node prefill workload');
  parts.push(orAbsent(second, prefillRef));
  return workloadStage('multiNode', parts);
}

/** Account and Deployments (R3.55). */
function* singleNodeStage(context: Context): Inquiry<Stage> {
  const { worker, prefill } = context.spec;
  const parts: Part[] = [];
  const ended = (rejection: Rejection, step: string) =>
    workloadStage('singleNode', parts, withinStep(rejection, step, 'ReconcileSingleNodeWorkloadError'));
  const access = yield* singleNodeAccess(context);
  if (isRejection(access)) return ended(access, 'failed to reconcile service account');
  const main = worker === undefined ? yield* renderMainDeployment(context, access) : undefined;
  if (isRejection(main)) return ended(main, 'failed to reconcile main workload');
  const [mainRef, prefillRef] = deploymentRefs(context);
  parts.push(access, orAbsent(main, mainRef));
  const second = prefill && prefill.worker === undefined ? yield* renderPrefillDeployment(context, prefill) : undefined;
  if (isRejection(second)) return ended(second, 'failed to reconcile prefill workload');
  parts.push(orAbsent(second, prefillRef));
  return workloadStage('singleNode', parts);
}

// biome-ignore lint/correctness/useYield: a stage that needs no facts is asked for like the others.
function* serviceStage(context: Context): Inquiry<Stage> {
  return { name: 'workloadService', present: [renderWorkloadService(context)], absent: [] };
}

type Part = Pick<Stage, 'present' | 'absent' | 'recreate' | 'events'>;

const orAbsent = (rendered: RenderedWorkload | undefined, ref: ObjectRef): Part =>
  rendered === undefined ? { present: [], absent: [ref] } : { ...rendered, present: [rendered.object], absent: [] };

/** What a stage comes to; with a rejection, that of the parts before the one that could not be rendered. */
function workloadStage(name: StageName, parts: readonly Part[], rejection?: Rejection): Stage {
  return {
    name,
    present: parts.flatMap(({ present }) => present),
    absent: parts.flatMap(({ absent }) => absent),
    recreate: parts.flatMap(({ recreate = [] }) => recreate),
    events: parts.flatMap(({ events = [] }) => events),
    ...(rejection ? { rejection } : {}),
  };
}

type Pair = readonly [main: ObjectRef, prefill: ObjectRef];
const groupRefs = (context: Context): Pair => [
  childRef(context, kinds.leaderWorkerSet, nameOf(context, 'mainMultiNode')),
  childRef(context, kinds.leaderWorkerSet, nameOf(context, 'prefillMultiNode')),
];
const deploymentRefs = (context: Context): Pair => [
  childRef(context, kinds.deployment, nameOf(context, 'main')),
  childRef(context, kinds.deployment, nameOf(context, 'prefill')),
];

/** A stopped service has no workloads, whatever its spec says; no question is asked, so nothing can stand in the way (R3.110, B3.9). */
function stoppedStages(context: Context): Stage[] {
  const access = accessRefs(context);
  const stopped = (name: StageName, absent: readonly ObjectRef[]): Stage => ({ name, present: [], absent });
  return [
    stopped('certificate', [childRef(context, kinds.secret, nameOf(context, 'certificate'))]),
    stopped('managedDra', [childRef(context, kinds.resourceClaimTemplate, nameOf(context, 'managedDra'))]),
    stopped('multiNode', [...access.multiNode, ...groupRefs(context)]),
    stopped('singleNode', [...access.singleNode, ...deploymentRefs(context)]),
    stopped('workloadService', [childRef(context, kinds.coreService, nameOf(context, 'workloadService'))]),
    ...scalingPhases.map((phase) => stopped(scalingStages[phase], actuatorRefs(context, phase))),
  ];
}
