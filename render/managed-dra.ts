import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { draCelSelectors, draDeviceClass, draDeviceCount, hasManagedDra } from '../api/predicates.ts';
import { isRejection, type Rejection, withinStep } from '../api/rejection.ts';
import type { Context, ObjectRef } from './children.ts';
import { child, childRef, nameOf, ownedByService } from './identity.ts';

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
}

/**
 * The template of the claims that pods of the service make, when its annotations ask for managed devices (R3.95, R3.96). A
 * template cannot be changed: when its devices differ it is made anew under its name (B3.17). It carries no labels (R3.31).
 */
export function* renderManagedDra(context: Context): Inquiry<ManagedDra | Rejection> {
  const { annotations, namespace } = context.service.metadata;
  const name = nameOf(context, 'managedDra');
  const ref = childRef(context, kinds.resourceClaimTemplate, name);
  if (context.stopped || !hasManagedDra(annotations)) return { present: [], absent: [ref], recreate: [] };

  const count = draDeviceCount(annotations);
  if (isRejection(count)) return withinStep(count, 'failed to reconcile Managed DRA ResourceClaimTemplate');
  const selectors = draCelSelectors(annotations).map((expression) => ({ cel: { expression } }));
  const exactly: DeviceRequest = {
    deviceClassName: draDeviceClass(annotations) ?? '',
    ...(count > 1 ? { count } : {}),
    ...(selectors.length > 0 ? { selectors } : {}),
  };
  const spec = { spec: { devices: { requests: [{ name: 'device', exactly }] } } };
  const live = yield* get<ResourceClaimTemplate>(kinds.resourceClaimTemplate, namespace, name);
  const differs = live !== undefined && ownedByService(context, live) && !asksFor(live, exactly);
  return { present: [{ ...child(context, kinds.resourceClaimTemplate, name), spec }], absent: [], recreate: differs ? [ref] : [] };
}

/** Compares what we write; the server adds defaults such as a count of 1. */
function asksFor(live: ResourceClaimTemplate, wanted: DeviceRequest): boolean {
  const [request, ...others] = live.spec?.spec?.devices?.requests ?? [];
  const described = ({ deviceClassName, count = 1, selectors = [] }: DeviceRequest) =>
    JSON.stringify([deviceClassName, count, selectors.map((selector) => selector.cel?.expression)]);
  return others.length === 0 && described(request?.exactly ?? {}) === described(wanted);
}
