import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds, POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../api/kinds.ts';
import type { KubeObject, PolicyRule, ServiceAccount } from '../api/kubernetes.ts';
import { components } from '../api/metadata.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { Account } from './attachment.ts';
import type { Context, ObjectRef } from './children.ts';
import { child, childRef, componentLabels, nameOf, ownedByService, serviceLabels } from './identity.ts';
import { hasRoutingSidecar } from './pod-spec.ts';

/** What the pods of a workload run as, and the objects this takes. */
export interface Access {
  /** Missing where nothing asks for an account: the pods then run as the namespace's default. */
  readonly account?: Account;
  readonly present: readonly KubeObject[];
  readonly absent: readonly ObjectRef[];
}

/** The account of a workload is managed by us, under a name of ours, unless the user names another one. */
interface AccessPlan {
  readonly managedName: string;
  readonly named: string | undefined;
  readonly labels: Record<string, string>;
  /** How error texts call the workload. */
  readonly workload: string;
  /** Whether a managed account has to exist. */
  readonly wanted: boolean;
  /** Whether it is an error when the account the user names does not exist. */
  readonly required: boolean;
  readonly permissions?: { readonly role: string; readonly binding: string; readonly wanted: boolean };
}

/**
 * Account, role and binding of the single-node part (R3.65, R3.66): wanted when `spec.template` has a routing sidecar, which
 * is looked at even in multi node. What is not wanted is listed as absent (B3.8).
 */
export function* singleNodeAccess(context: Context): Inquiry<Access | Rejection> {
  const { template, worker } = context.spec;
  const sidecar = hasRoutingSidecar(template);
  const managedName = nameOf(context, 'main');
  return yield* access(context, {
    managedName,
    named: template?.serviceAccountName,
    labels: componentLabels(context, components.workload),
    workload: 'single node main',
    wanted: sidecar || template?.serviceAccountName === managedName,
    required: worker === undefined,
    permissions: { role: nameOf(context, 'mainRole'), binding: nameOf(context, 'mainRoleBinding'), wanted: sidecar },
  });
}

/**
 * Account, role and binding of the main LeaderWorkerSet (R3.78, R3.79). An account that the user names has to exist, and has its
 * permissions for a routing sidecar in `spec.template`, even without workers; only the one that the single-node part makes may be made yet.
 */
export function* multiNodeAccess(context: Context): Inquiry<Access | Rejection> {
  const { template, worker } = context.spec;
  const wanted = worker !== undefined;
  const named = template?.serviceAccountName || worker?.serviceAccountName;
  return yield* access(context, {
    managedName: nameOf(context, 'mainMultiNode'),
    named,
    labels: serviceLabels(context),
    workload: 'multi node main',
    wanted,
    required: wanted || named !== nameOf(context, 'main'),
    permissions: {
      role: nameOf(context, 'mainMultiNodeRole'),
      binding: nameOf(context, 'mainMultiNodeRoleBinding'),
      wanted: hasRoutingSidecar(template) || hasRoutingSidecar(worker),
    },
  });
}

/** Account of the prefill LeaderWorkerSet; it needs no permissions. One that the user names has to exist even without workers (R3.78, R3.79). */
export function* prefillMultiNodeAccess(context: Context): Inquiry<Access | Rejection> {
  const { template, worker } = context.spec.prefill ?? {};
  return yield* access(context, {
    managedName: nameOf(context, 'prefillMultiNode'),
    named: template?.serviceAccountName || worker?.serviceAccountName,
    labels: serviceLabels(context),
    workload: 'multi node prefill',
    wanted: worker !== undefined,
    required: true,
  });
}

/** An account that the user names; the rejection calls the workload as the reference does. */
export function* existingAccount(context: Context, name: string, workload: string): Inquiry<ServiceAccount | Rejection> {
  const { namespace } = context.service.metadata;
  return (yield* get<ServiceAccount>(kinds.serviceAccount, namespace, name, { fresh: true })) ?? notFound(namespace, name, workload);
}

/** Accounts, roles and bindings of all workloads by name: what a stopped service must not have, known without reading (B3.9). */
export function accessRefs(context: Context): { readonly multiNode: readonly ObjectRef[]; readonly singleNode: readonly ObjectRef[] } {
  return {
    multiNode: [
      childRef(context, kinds.serviceAccount, nameOf(context, 'mainMultiNode')),
      childRef(context, kinds.serviceAccount, nameOf(context, 'prefillMultiNode')),
      childRef(context, kinds.role, nameOf(context, 'mainMultiNodeRole')),
      childRef(context, kinds.roleBinding, nameOf(context, 'mainMultiNodeRoleBinding')),
    ],
    singleNode: [
      childRef(context, kinds.serviceAccount, nameOf(context, 'main')),
      childRef(context, kinds.role, nameOf(context, 'mainRole')),
      childRef(context, kinds.roleBinding, nameOf(context, 'mainRoleBinding')),
    ],
  };
}

function* access(context: Context, plan: AccessPlan): Inquiry<Access | Rejection> {
  const { namespace } = context.service.metadata;
  const { managedName, named, permissions } = plan;
  const live = named ? yield* get<ServiceAccount>(kinds.serviceAccount, namespace, named, { fresh: true }) : undefined;
  // An account by our name that somebody else made counts as the user's (B3.10).
  const isManaged = !named || (named === managedName && (live === undefined || ownedByService(context, live)));
  const rbac = permissions ? rbacObjects(context, plan, named || managedName, permissions.wanted && (!isManaged || plan.wanted)) : nothing;

  if (!isManaged) {
    if (live === undefined && plan.required) return notFound(namespace, named, plan.workload);
    const leftover = named === managedName ? [] : [childRef(context, kinds.serviceAccount, managedName)];
    return { ...(live ? { account: live } : {}), present: rbac.present, absent: [...leftover, ...rbac.absent] };
  }
  if (!plan.wanted) return { present: rbac.present, absent: [childRef(context, kinds.serviceAccount, managedName), ...rbac.absent] };
  const account = yield* managedAccount(context, plan);
  return { account, present: [account, ...rbac.present], absent: rbac.absent };
}

/** A managed account may do what the namespace's default account may: pull images and read the same Secrets (R3.65). */
function* managedAccount(context: Context, { managedName, labels }: AccessPlan): Inquiry<KubeObject & Account> {
  const standard = yield* get<ServiceAccount>(kinds.serviceAccount, context.service.metadata.namespace, 'default', { fresh: true });
  const { imagePullSecrets = [], secrets = [] } = standard ?? {};
  return {
    ...child(context, kinds.serviceAccount, managedName, { labels }),
    ...(imagePullSecrets.length > 0 ? { imagePullSecrets } : {}),
    ...(secrets.length > 0 ? { secrets } : {}),
  };
}

const nothing = { present: [], absent: [] } as const;

function rbacObjects(context: Context, plan: AccessPlan, accountName: string, wanted: boolean): Pick<Access, 'present' | 'absent'> {
  const { role, binding } = plan.permissions ?? { role: '', binding: '' };
  if (!wanted) return { present: [], absent: [childRef(context, kinds.role, role), childRef(context, kinds.roleBinding, binding)] };
  const { labels } = plan;
  return {
    present: [
      { ...child(context, kinds.role, role, { labels }), rules: sidecarRules },
      {
        ...child(context, kinds.roleBinding, binding, { labels }),
        subjects: [{ kind: 'ServiceAccount', name: accountName, namespace: context.service.metadata.namespace }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
      },
    ],
    absent: [],
  };
}

/** The routing sidecar looks at the pods and pools it may forward to (R3.68). */
const sidecarRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [POOL_GROUP_V1ALPHA2, POOL_GROUP_V1], resources: ['inferencepools'], verbs: ['get', 'list', 'watch'] },
];

function notFound(namespace: string, name: string, workload: string): Rejection {
  const message = `failed to fetch existing ${workload} service account ${namespace}/${name}: serviceaccounts "${name}" not found`;
  return reject('ServiceAccountNotFound', message);
}
