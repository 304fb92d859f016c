import { conditionTypes as c, routerSubConditions } from '../../api/conditions.ts';
import type { HTTPRoute } from '../../api/gateway-api.ts';
import { answerAsync, get } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import { annotations } from '../../api/metadata.ts';
import { isRejection, type Rejection, reject, withinStep } from '../../api/rejection.ts';
import type { LLMInferenceServiceStatus } from '../../api/types.ts';
import type { Distribution } from '../../assess/distribution.ts';
import {
  assessReadiness,
  assessRouter,
  networkingFailed,
  preconditionNotMet,
  type RouterAssessment,
  routeFailed,
  routeService,
} from '../../assess/router.ts';
import { assessScheduler, schedulerFailed } from '../../assess/scheduler.ts';
import type { Context, Stage, StageName } from '../../render/children.ts';
import { childRef, nameOf } from '../../render/identity.ts';
import { migrated } from '../../render/pool-migration.ts';
import { renderScheduler } from '../../render/scheduler/scheduler.ts';
import { textOf } from '../runtime/api-error.ts';
import type { Applier } from '../runtime/apply.ts';
import type { ServiceEnvironment } from './environment.ts';
import { applyChanges, type Pass } from './pass.ts';
import { applyStages } from './stages.ts';

/**
 * The router step (R5.3). `RouterReady` is worked out in every case (R5.2).
 *
 * @returns `heldBack` while the distribution lets no route be written: the pass ends then, and has not failed
 */
export async function reconcileRouter(
  pass: Pass,
  context: Context,
  { applier, distribution }: Pick<ServiceEnvironment, 'applier' | 'distribution'>,
): Promise<Rejection | 'heldBack' | undefined> {
  try {
    const failure = (await holdBack(pass, context, applier, distribution)) ?? (await runRouter(pass, context, applier, distribution));
    return isRejection(failure) ? withinStep(failure, 'failed to reconcile networking') : failure;
  } finally {
    pass.conditions.rollUp(c.routerReady, routerSubConditions);
  }
}

/** Asks the distribution whether a route may be written (R5.3, step 1), and removes the one there is when it may not. */
async function holdBack(pass: Pass, context: Context, applier: Applier, distribution: Distribution): Promise<'heldBack' | Rejection | undefined> {
  if (context.stopped) return undefined;
  try {
    const unmet = await answerAsync(distribution.unmetPrecondition(context), pass.respond);
    if (unmet === undefined) return undefined;
    const absent = [childRef(context, kinds.httpRoute, nameOf(context, 'route'))];
    const [failure] = await applyStages(pass, applier, [{ name: 'route', present: [], absent }]);
    applyChanges(pass.conditions, [failure ? routeFailed(failure.rejection.message) : preconditionNotMet(unmet)]);
    return failure?.rejection ?? 'heldBack';
  } catch (error) {
    applyChanges(pass.conditions, [routeFailed(textOf(error))]);
    return reject('GatewayPreconditionUnknown', textOf(error), { retry: true });
  }
}

async function runRouter(pass: Pass, context: Context, applier: Applier, distribution: Distribution): Promise<Rejection | undefined> {
  const { conditions, respond } = pass;
  const plan = await answerAsync(routeService(context), respond);
  applyChanges(conditions, plan.conditions);
  if (plan.rejection) return plan.rejection;
  if (plan.remembersMigration) pass.status.annotations = { ...pass.status.annotations, ...migrated };

  const schedulerFailure = await reconcileScheduler(pass, context, applier);
  if (schedulerFailure) return schedulerFailure;

  const routeFailure = plan.stage && (await applyRoute(pass, applier, plan.stage));
  if (routeFailure) return routeFailure;

  const [route] = plan.stage?.present ?? [];
  if (route) delete pass.status.annotations?.[annotations.inferencePoolMigrated];
  const managed = route && (await answerAsync(get<HTTPRoute>(kinds.httpRoute, pass.stored.metadata.namespace, route.metadata.name ?? ''), respond));
  const assessment = await answerAsync(assessRouter(context, managed, plan.group, distribution), respond);
  applyChanges(conditions, assessment.conditions);
  pass.advice.push(...assessment.events);
  publishRouting(pass.status, assessment);
  if (assessment.rejection) return assessment.rejection;

  const stages = await answerAsync(distribution.renderNetworking(context, assessment.gateways), respond);
  const [failure] = await applyStages(pass, applier, stages);
  if (failure) {
    applyChanges(conditions, [networkingFailed(failure.rejection.message)]);
    return failure.rejection;
  }
  const readiness = await answerAsync(assessReadiness(context, assessment), respond);
  applyChanges(conditions, readiness.conditions);
  return readiness.rejection;
}

async function reconcileScheduler(pass: Pass, context: Context, applier: Applier): Promise<Rejection | undefined> {
  const failure = await runScheduler(pass, context, applier);
  if (failure) {
    applyChanges(pass.conditions, schedulerFailed(failure.rejection.message, failure.stage));
    return withinStep(failure.rejection, 'Failed to reconcile scheduler');
  }
  applyChanges(pass.conditions, await answerAsync(assessScheduler(context), pass.respond));
  return undefined;
}

/** What could not be read counts as what could not be rendered (R4.6). */
async function runScheduler(pass: Pass, context: Context, applier: Applier): Promise<{ stage?: StageName; rejection: Rejection } | undefined> {
  try {
    const [failure] = await applyStages(pass, applier, await answerAsync(renderScheduler(context), pass.respond));
    return failure && { stage: failure.stage.name, rejection: failure.rejection };
  } catch (error) {
    return { rejection: reject('SchedulerUnreadable', textOf(error), { retry: true }) };
  }
}

async function applyRoute(pass: Pass, applier: Applier, stage: Stage): Promise<Rejection | undefined> {
  const [failure] = await applyStages(pass, applier, [stage]);
  if (!failure) return undefined;
  applyChanges(pass.conditions, [routeFailed(failure.rejection.message)]);
  return failure.rejection;
}

/** Parts the assessment leaves out are removed from the status (R5.75, R5.81). */
function publishRouting(status: LLMInferenceServiceStatus, { status: found }: RouterAssessment): void {
  if (!found) return;
  delete status.router;
  delete status.address;
  delete status.addresses;
  delete status.url;
  if (found.router) status.router = found.router;
  if (found.addresses) status.addresses = [...found.addresses];
  if (found.url !== undefined) status.url = found.url;
}
