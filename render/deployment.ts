import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { Deployment, KubeObject } from '../api/kubernetes.ts';
import { components } from '../api/metadata.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { PodTemplate, RolloutStrategySpec, WorkloadSpec } from '../api/types.ts';
import type { Account } from './attachment.ts';
import type { Context, EventText, Replacement } from './children.ts';
import { planSelector } from './deployment-selector.ts';
import { child, childRef, inheritedMetadata, mainRole, nameOf, ownedByService, servingLabels } from './identity.ts';
import { hasRoutingSidecar } from './pod-spec.ts';
import { type Access, existingAccount } from './service-account.ts';
import { podMetadata, renderServingPod, templateEvents } from './serving-pod.ts';

type Labels = Record<string, string>;

/** A workload object, whether it has to replace the live one, and what the user should hear. */
export interface RenderedWorkload {
  readonly object: KubeObject;
  readonly recreate: readonly Replacement[];
  readonly events: readonly EventText[];
}

interface DeploymentPlan {
  readonly name: string;
  readonly identity: Labels;
  readonly workload: WorkloadSpec;
  readonly phase: 'decode' | 'prefill';
  readonly account: Account | undefined;
  readonly serviceAccountName?: string | undefined;
  readonly title: string;
}

/** Deployment of the main workload (R3.57). With a routing sidecar its pods run as the account of `access`. */
export function* renderMainDeployment(context: Context, access: Access): Inquiry<RenderedWorkload | Rejection> {
  const sidecar = hasRoutingSidecar(context.spec.template);
  return yield* renderDeployment(context, {
    name: nameOf(context, 'main'),
    identity: servingLabels(context, components.workload, mainRole(context.spec)),
    workload: context.spec,
    phase: 'decode',
    account: access.account,
    serviceAccountName: sidecar ? access.account?.metadata?.name : undefined,
    title: 'main deployment',
  });
}

/** Deployment of a prefill workload (R3.61). An account that its template names has to exist. */
export function* renderPrefillDeployment(context: Context, prefill: WorkloadSpec): Inquiry<RenderedWorkload | Rejection> {
  const named = prefill.template?.serviceAccountName;
  const account = named ? yield* existingAccount(context, named, 'single node prefill') : undefined;
  if (isRejection(account)) return account;
  return yield* renderDeployment(context, {
    name: nameOf(context, 'prefill'),
    identity: servingLabels(context, components.workloadPrefill, 'prefill'),
    workload: prefill,
    phase: 'prefill',
    account,
    title: 'prefill deployment',
  });
}

function* renderDeployment(context: Context, plan: DeploymentPlan): Inquiry<RenderedWorkload | Rejection> {
  const { name, workload, title } = plan;
  const found = yield* get<Deployment>(kinds.deployment, context.service.metadata.namespace, name);
  const live = found && ownedByService(context, found) ? found : undefined;
  const podSpec = yield* renderTemplate(context, plan, live);
  if (isRejection(podSpec)) return podSpec;

  const metadata = yield* podMetadata(context, 'Deployment', plan.identity, workload);
  const plannedSelector = yield* planSelector(context, name, metadata.labels, live);
  if (isRejection(plannedSelector)) return plannedSelector;
  const { selector, replaced } = plannedSelector;
  const replicas = workload.replicas ?? plannedSelector.replicas;
  const ref = childRef(context, kinds.deployment, name);
  return {
    object: {
      ...child(context, kinds.deployment, name, { labels: metadata.labels, annotations: inheritedMetadata(context, 'Deployment').annotations }),
      spec: {
        ...(replicas === undefined ? {} : { replicas }),
        selector,
        ...rollout(workload.rolloutStrategy),
        template: { metadata, spec: podSpec },
      },
    },
    recreate: replaced ? [{ ...ref, keepsPods: replaced === 'keeping its pods' }] : [],
    events: [...templateEvents(context, workload.template ?? {}, title), ...(replaced ? [replacedEvent(context, name, replaced)] : [])],
  };
}

function* renderTemplate(context: Context, plan: DeploymentPlan, live: Deployment | undefined): Inquiry<PodTemplate | Rejection> {
  const { template } = plan.workload;
  // Without a preset and a template of the user there is nothing to serve with; the API server refuses such a Deployment.
  if (template === undefined) return {};
  return yield* renderServingPod(context, { ...plan, template, live: live?.spec?.template.spec });
}

/** No strategy unless the user gives one; then exactly the given fields (R3.75). */
function rollout(strategy: RolloutStrategySpec | undefined): { strategy?: { type: string; rollingUpdate: RolloutStrategySpec } } {
  const { maxUnavailable, maxSurge } = strategy ?? {};
  if (maxUnavailable === undefined && maxSurge === undefined) return {};
  return {
    strategy: {
      type: 'RollingUpdate',
      rollingUpdate: { ...(maxUnavailable === undefined ? {} : { maxUnavailable }), ...(maxSurge === undefined ? {} : { maxSurge }) },
    },
  };
}

function replacedEvent({ service }: Context, name: string, how: string): EventText {
  const message = `Deployment ${service.metadata.namespace}/${name} is recreated ${how}: labels that its selector names have changed`;
  return { type: 'Normal', reason: 'WorkloadRecreated', message };
}
