import { createHash } from 'node:crypto';
import { getLive, type Inquiry, list } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject, Pod } from '../api/kubernetes.ts';
import { annotations as keys } from '../api/metadata.ts';
import { draCelSelectors, draDeviceClass, draDeviceCount, hasManagedDra } from '../api/predicates.ts';
import { isRejection, type Rejection, withinStep } from '../api/rejection.ts';
import type { Context, EventText, ObjectRef } from './children.ts';
import { child, childRef, nameOf, ownedByService, serviceLabels } from './identity.ts';

/** The devices a claim asks for; the parts of a live template that can differ from what we write. */
interface DeviceRequest {
  readonly deviceClassName?: string;
  readonly count?: number;
  readonly selectors?: readonly { readonly cel?: { readonly expression?: string } }[];
}

interface ResourceClaimTemplate {
  readonly metadata: KubeObject['metadata'];
  readonly spec?: { readonly spec?: { readonly devices?: { readonly requests?: readonly { readonly exactly?: DeviceRequest }[] } } };
}

export interface ManagedDra {
  readonly present: readonly KubeObject[];
  readonly absent: readonly ObjectRef[];
  readonly recreate: readonly ObjectRef[];
  readonly events: readonly EventText[];
}

/** What becomes of the template of a service with managed devices. */
interface TemplatePlan {
  readonly devices: DeviceRequest;
  /** Whether the live template asks for others, and has to give way. */
  readonly replaced: boolean;
  /** Names the devices once the template was replaced. */
  readonly revision?: string;
}

/**
 * The template of the claims that pods of the service make, when its annotations ask for managed devices (R3.95, R3.96). A
 * template cannot be changed: when its devices differ it is made anew under its name (B3.17). It carries no labels (R3.31).
 */
export function* renderManagedDra(context: Context): Inquiry<ManagedDra | Rejection> {
  const name = nameOf(context, 'managedDra');
  const ref = childRef(context, kinds.resourceClaimTemplate, name);
  const plan = yield* planTemplate(context);
  if (isRejection(plan)) return withinStep(plan, 'failed to reconcile Managed DRA ResourceClaimTemplate');
  if (plan === undefined) return { present: [], absent: [ref], recreate: [], events: [] };
  const metadata = { annotations: revisionOf(plan) };
  const spec = { spec: { devices: { requests: [{ name: 'device', exactly: plan.devices }] } } };
  return {
    present: [{ ...child(context, kinds.resourceClaimTemplate, name, metadata), spec }],
    absent: [],
    recreate: plan.replaced ? [ref] : [],
    events: plan.replaced ? [replacedEvent(context, name)] : [],
  };
}

function replacedEvent({ service }: Context, name: string): EventText {
  const message = `ResourceClaimTemplate ${service.metadata.namespace}/${name} is recreated, because other devices are wanted; pods are replaced to get them`;
  return { type: 'Normal', reason: 'ClaimTemplateRecreated', message };
}

/**
 * What serving pods carry so that they are replaced together with the template of their claims: pods keep the claims they were
 * started with (B3.17). Nothing as long as the template is the first one.
 */
export function* deviceRevision(context: Context): Inquiry<Record<string, string>> {
  const plan = yield* planTemplate(context);
  return plan === undefined || isRejection(plan) ? {} : revisionOf(plan);
}

const revisionOf = ({ revision }: TemplatePlan): Record<string, string> => (revision === undefined ? {} : { [keys.deviceRevision]: revision });

/**
 * That a template was replaced is written on the new one. Where there is none, the process may have ended before it wrote the new one:
 * pods with claims tell that there was another.
 */
function* planTemplate(context: Context): Inquiry<TemplatePlan | Rejection | undefined> {
  const { annotations, namespace } = context.service.metadata;
  if (context.stopped || !hasManagedDra(annotations)) return undefined;
  const count = draDeviceCount(annotations);
  if (isRejection(count)) return count;
  const selectors = draCelSelectors(annotations).map((expression) => ({ cel: { expression } }));
  const devices: DeviceRequest = {
    deviceClassName: draDeviceClass(annotations) ?? '',
    ...(count > 1 ? { count } : {}),
    ...(selectors.length > 0 ? { selectors } : {}),
  };
  const live = yield* getLive<ResourceClaimTemplate>(kinds.resourceClaimTemplate, namespace, nameOf(context, 'managedDra'));
  if (live !== undefined && !ownedByService(context, live)) return { devices, replaced: false };
  const replaced = live !== undefined && !asksFor(live, devices);
  const isFirst = live === undefined ? !(yield* arePodsServed(context)) : !replaced && live.metadata.annotations?.[keys.deviceRevision] === undefined;
  return { devices, replaced, ...(isFirst ? {} : { revision: hashOf(devices) }) };
}

/** Whether a pod of the service has got a claim from the template of its name. */
function* arePodsServed(context: Context): Inquiry<boolean> {
  const template = nameOf(context, 'managedDra');
  const pods = yield* list<Pod>(kinds.pod, context.service.metadata.namespace, serviceLabels(context));
  return pods.some(({ metadata, spec, status }) => {
    const claims = (spec?.resourceClaims ?? []).filter(({ resourceClaimTemplateName }) => resourceClaimTemplateName === template);
    const isServed = ({ name }: { name: string }) => status?.resourceClaimStatuses?.some((made) => made.name === name && made.resourceClaimName);
    return metadata?.deletionTimestamp === undefined && claims.some(isServed);
  });
}

/** Compares what we write; the server adds defaults such as a count of 1. */
function asksFor(live: ResourceClaimTemplate, wanted: DeviceRequest): boolean {
  const [request, ...others] = live.spec?.spec?.devices?.requests ?? [];
  return others.length === 0 && describe(request?.exactly ?? {}) === describe(wanted);
}

const describe = ({ deviceClassName, count = 1, selectors = [] }: DeviceRequest): string =>
  JSON.stringify([deviceClassName, count, selectors.map((selector) => selector.cel?.expression)]);
const hashOf = (devices: DeviceRequest): string => createHash('sha256').update(describe(devices)).digest('hex').slice(0, 10);
