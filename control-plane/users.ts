import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { type ApiClient, connect, RefusedError } from './api-client.ts';
import type { ControlPlane, UserOptions } from './control-plane.ts';
import { type Identity, kubeconfigOf } from './kubeconfig.ts';

/** Longer than any demo; the server's own limit is far higher. */
const TOKEN_SECONDS = 24 * 60 * 60;

/** A user of the API: who, and the credentials in the forms that clients take. */
export interface User {
  readonly name: string;
  readonly identity: Identity;
  /** The text of a kubeconfig file. */
  readonly kubeconfig: string;
  /** Opens a connection; the caller closes it. */
  connect(): ApiClient;
}

/** A rule of an RBAC role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A user with a client certificate and no rights but those of the groups. */
export async function certificateUser(controlPlane: ControlPlane, options: UserOptions): Promise<User> {
  return userOf(await controlPlane.identityFor(options));
}

/**
 * A user who may edit one namespace and nothing else: the ClusterRole `edit`, with what other ClusterRoles add to it, and `rules`.
 * The namespace has to exist.
 */
export async function namespaceUser(
  controlPlane: ControlPlane,
  options: { readonly name: string; readonly namespace: string; readonly rules?: readonly Rule[] },
): Promise<User> {
  const { name, namespace, rules = [] } = options;
  const { admin } = controlPlane;
  const subject = { kind: 'User', apiGroup: RBAC_GROUP, name };
  await admin.apply(roleBinding({ name: `${name}-edit`, namespace }, { kind: 'ClusterRole', name: 'edit' }, subject));
  if (rules.length > 0) {
    await admin.apply({ apiVersion: kinds.role.apiVersion, kind: kinds.role.kind, metadata: { name, namespace }, rules });
    await admin.apply(roleBinding({ name, namespace }, { kind: 'Role', name }, subject));
  }
  return certificateUser(controlPlane, { name, namespace });
}

/**
 * A service account with a token, as a Pod would have it. `manifests` are applied first, in the given order, among them the objects
 * that give the account its rights; the account itself and its namespace are created when they are not there.
 */
export async function serviceAccountUser(
  controlPlane: ControlPlane,
  options: { readonly name: string; readonly namespace: string; readonly manifests?: readonly KubeObject[] },
): Promise<User> {
  const { name, namespace, manifests = [] } = options;
  const { admin } = controlPlane;
  await ensure(admin, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const manifest of manifests) await admin.apply(manifest);
  await ensure(admin, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });

  const answer = await admin.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: TOKEN_SECONDS } },
  });
  return userOf({
    user: `system:serviceaccount:${namespace}:${name}`,
    server: controlPlane.url,
    authority: controlPlane.authority,
    credential: { token: answer.status.token },
    namespace,
  });
}

const RBAC_GROUP = 'rbac.authorization.k8s.io';

function userOf(identity: Identity): User {
  return { name: identity.user, identity, kubeconfig: kubeconfigOf(identity), connect: () => connect(identity) };
}

function roleBinding(
  metadata: { name: string; namespace: string },
  role: { kind: 'Role' | 'ClusterRole'; name: string },
  subject: { kind: string; apiGroup: string; name: string },
): KubeObject {
  const { apiVersion, kind } = kinds.roleBinding;
  return { apiVersion, kind, metadata, roleRef: { apiGroup: RBAC_GROUP, ...role }, subjects: [subject] };
}

async function ensure(admin: ApiClient, object: KubeObject): Promise<void> {
  try {
    await admin.create(object);
  } catch (error) {
    if (!(error instanceof RefusedError && error.reason === 'AlreadyExists')) throw error;
  }
}
