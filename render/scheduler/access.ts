import { get, type Inquiry } from '../../api/inquiry.ts';
import { groupOf, kinds, POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../../api/kinds.ts';
import type { KubeObject, PolicyRule, ServiceAccount } from '../../api/kubernetes.ts';
import { components } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { type Rejection, reject } from '../../api/rejection.ts';
import type { Context, ObjectRef, Stage } from '../children.ts';
import { child, childRef, componentLabels, nameOf } from '../identity.ts';

/** The account of the endpoint picker: a generated one, or one that the user brings (R4.10). */
export interface SchedulerAccount {
  readonly name: string;
  readonly generated: boolean;
  /** Its annotations, `secrets` and `imagePullSecrets`; what tokenizer pods download the model with (R4.65, R4.73). */
  readonly content: ServiceAccount;
}

const read = ['get', 'list', 'watch'];

/** What the picker may do in its namespace (R4.13). */
const rules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['pods'], verbs: read },
  { apiGroups: [POOL_GROUP_V1, POOL_GROUP_V1ALPHA2], resources: ['inferencepools', 'inferenceobjectives', 'inferencemodels'], verbs: read },
  { apiGroups: [POOL_GROUP_V1ALPHA2], resources: ['inferencemodelrewrites', 'inferencepoolimports'], verbs: read },
  { apiGroups: ['llm-d.ai'], resources: ['inferenceobjectives', 'inferencemodelrewrites'], verbs: read },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  { apiGroups: [groupOf(kinds.lease)], resources: ['leases'], verbs: [...read, 'create', 'update', 'patch', 'delete'] },
];

/** Name of the binding to `system:auth-delegator`. It is cluster-scoped, and its parent is the namespace (R4.2). */
export function authBindingName(metadata: { readonly namespace: string; readonly name: string }): string {
  return childName(metadata.namespace, `-${metadata.name}${suffixes.schedulerAuthBinding}`);
}

/**
 * Whether a live ClusterRoleBinding of the service's name is the service's. Two services can come to the same name
 * (`b-c` in `a`, `c` in `a-b`), and without owner references only the subject tells them apart; a foreign binding must
 * neither be written nor deleted (B4.8).
 */
export function isOwnAuthBinding({ service }: Pick<Context, 'service'>, live: KubeObject): boolean {
  const subjects = (live.subjects ?? []) as readonly { readonly namespace?: string }[];
  const { name, namespace } = service.metadata;
  const named = live.metadata.labels?.['app.kubernetes.io/name'] === name;
  return named && subjects.every((subject) => subject.namespace === namespace);
}

/** Everything that gives the picker access, by name: what must be gone when there is no picker (R4.12, B4.7). */
export function accessRefs(context: Context): readonly ObjectRef[] {
  return [
    childRef(context, kinds.serviceAccount, nameOf(context, 'schedulerServiceAccount')),
    childRef(context, kinds.role, nameOf(context, 'schedulerRole')),
    childRef(context, kinds.roleBinding, nameOf(context, 'schedulerRoleBinding')),
    { kind: kinds.clusterRoleBinding, name: authBindingName(context.service.metadata) },
  ];
}

/** Chooses the picker's account (R4.10). One that the user names must exist. */
export function* chooseAccount(context: Context): Inquiry<SchedulerAccount | Rejection> {
  const { namespace } = context.service.metadata;
  const generated = nameOf(context, 'schedulerServiceAccount');
  const name = context.spec.router?.scheduler?.template?.serviceAccountName || generated;
  if (name === generated) return { name, generated: true, content: yield* generatedContent(context) };
  const content = yield* get<ServiceAccount>(kinds.serviceAccount, namespace, name, { fresh: true });
  if (content !== undefined) return { name, generated: false, content };
  return reject('ServiceAccountNotFound', `failed to fetch existing scheduler service account ${namespace}/${name}: not found`, {
    field: 'spec.router.scheduler.template.serviceAccountName',
    retry: true,
  });
}

/**
 * What the generated account takes over, so that its pods can download the model like the workload does (R4.11): everything
 * from the account the workload names, only the Secrets of account `default` when it names none. Accounts are not watched,
 * hence the direct read (R4.11a). An account that does not exist yet gives nothing.
 */
function* generatedContent(context: Context): Inquiry<ServiceAccount> {
  const { namespace } = context.service.metadata;
  const named = context.spec.template?.serviceAccountName;
  const source = yield* get<ServiceAccount>(kinds.serviceAccount, namespace, named || 'default', { fresh: true });
  const annotations = named ? source?.metadata?.annotations : undefined;
  return {
    metadata: { name: nameOf(context, 'schedulerServiceAccount'), namespace, ...(annotations === undefined ? {} : { annotations }) },
    ...(source?.secrets?.length ? { secrets: source.secrets } : {}),
    ...(source?.imagePullSecrets?.length ? { imagePullSecrets: source.imagePullSecrets } : {}),
  };
}

/** Account, Role and bindings of the picker (R4.10 - R4.14). */
export function renderAccess(context: Context, account: SchedulerAccount): Stage {
  const labels = componentLabels(context, components.scheduler);
  const subjects = [{ kind: 'ServiceAccount', name: account.name, namespace: context.service.metadata.namespace }];
  const roleRef = (kind: string, name: string): object => ({ apiGroup: groupOf(kinds.role), kind, name });
  const role = nameOf(context, 'schedulerRole');
  const authBinding = {
    apiVersion: kinds.clusterRoleBinding.apiVersion,
    kind: kinds.clusterRoleBinding.kind,
    metadata: { name: authBindingName(context.service.metadata), labels },
    subjects,
    roleRef: roleRef('ClusterRole', 'system:auth-delegator'),
  };
  return {
    name: 'schedulerAccess',
    present: [
      ...(account.generated ? [generatedAccount(context, account)] : []),
      authBinding,
      { ...child(context, kinds.role, role, { labels }), rules },
      { ...child(context, kinds.roleBinding, nameOf(context, 'schedulerRoleBinding'), { labels }), subjects, roleRef: roleRef('Role', role) },
    ],
    absent: [],
  };
}

function generatedAccount(context: Context, { name, content }: SchedulerAccount): KubeObject {
  const { metadata, ...secrets } = content;
  const labels = componentLabels(context, components.scheduler);
  return {
    ...child(context, kinds.serviceAccount, name, { labels, ...(metadata?.annotations ? { annotations: metadata.annotations } : {}) }),
    ...secrets,
  };
}
