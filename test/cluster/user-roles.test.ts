import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { readManifests } from '../../cli/manifest-files.ts';
import { packagePath } from '../../cli/package-files.ts';
import type { ApiClient, RefusedError } from '../../control-plane/api-client.ts';
import { certificateUser } from '../../control-plane/users.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const codeOf = (request: Promise<unknown>): Promise<number> =>
  request.then(
    () => 200,
    (error: RefusedError) => error.code,
  );

const OK = 200;
const FORBIDDEN = 403;
const GROUP = 'serving.kserve.io/v1alpha2';

/** What the roles of the chart add to the roles that every cluster has (R1 §16). */
describe('the roles for users of a namespace', function () {
  this.timeout(60_000);
  let ns: string;
  let other: string;

  before(async () => {
    const { admin } = await cluster();
    [ns, other] = [await namespace('roles'), await namespace('roles')];
    for (const { object } of readManifests([packagePath('charts/kserve-llmisvc-resources/files/user-roles.yaml')])) await admin.apply(object);
    for (const place of [ns, other]) for (const kind of ['service', 'config'] as const) await admin.create(manifest(kind, 'there', place));
  });

  const manifest = (kind: 'service' | 'config', name: string, place = ns): KubeObject =>
    ({ apiVersion: GROUP, kind: kinds[kind].kind, metadata: { name, namespace: place }, spec: { model: { uri: 'hf://a/b' } } }) as KubeObject;

  /** A user with one of the roles of the cluster in the namespace. */
  async function connectAs(role: string): Promise<ApiClient> {
    const controlPlane = await cluster();
    const name = `${role}-${ns}`;
    await controlPlane.admin.apply({
      apiVersion: kinds.roleBinding.apiVersion,
      kind: kinds.roleBinding.kind,
      metadata: { name, namespace: ns },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
    } as KubeObject);
    return (await certificateUser(controlPlane, { name })).connect();
  }

  const pathOf = (kind: 'service' | 'config', name: string): string => `/apis/${GROUP}/namespaces/${ns}/${kinds[kind].plural}/${name}`;

  for (const kind of ['service', 'config'] as const) {
    for (const [role, writes] of [
      ['view', FORBIDDEN],
      ['edit', OK],
      ['admin', OK],
    ] as const) {
      const what = kinds[kind].kind;
      it(`let ${role} read ${what}s and their status${writes === OK ? ', write them,' : ''} and never write a status`, async () => {
        const client = await connectAs(role);
        await eventually(async () => expect(await codeOf(client.list(kinds[kind], ns))).to.equal(OK));
        const name = `by-${role}`;
        await eventually(async () => expect(await codeOf(client.create(manifest(kind, name)))).to.be.oneOf(writes === OK ? [OK, 409] : [writes]));
        const outcome = {
          get: await codeOf(client.get(kinds[kind], ns, 'there')),
          patch: await codeOf(client.patch(kinds[kind], ns, 'there', { spec: { replicas: 2 } })),
          delete: await codeOf(client.delete(kinds[kind], ns, name)),
          readStatus: await codeOf(client.request({ method: 'GET', path: `${pathOf(kind, 'there')}/status` })),
          writeStatus: await codeOf(client.patch(kinds[kind], ns, 'there', { status: { observedGeneration: 7 } }, 'status')),
          listElsewhere: await codeOf(client.list(kinds[kind], other)),
        };
        expect(outcome).to.deep.equal({
          get: OK,
          patch: writes,
          delete: writes,
          readStatus: OK,
          writeStatus: FORBIDDEN,
          listElsewhere: FORBIDDEN,
        });
        await client.close();
      });
    }
  }
});
