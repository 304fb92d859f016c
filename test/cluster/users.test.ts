import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { RefusedError } from '../../control-plane/api-client.ts';
import { certificateUser, namespaceUser, serviceAccountUser, type User } from '../../control-plane/users.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const codeOf = (request: Promise<unknown>): Promise<number> =>
  request.then(
    () => 200,
    (error: RefusedError) => error.code,
  );

const nameSeenBy = async (user: User): Promise<{ username: string; groups: string[] }> => {
  const client = user.connect();
  const review = await client.request<{ status: { userInfo: { username: string; groups: string[] } } }>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  await client.close();
  return review.status.userInfo;
};

describe('users of the API', () => {
  it('are known by the name and the groups of their certificate', async () => {
    const user = await certificateUser(await cluster(), { name: 'ada', groups: ['data-science', 'on-call'] });
    const { username, groups } = await nameSeenBy(user);
    expect(username).to.equal('ada');
    expect(groups).to.include.members(['data-science', 'on-call', 'system:authenticated']);
  });

  it('have no rights of their own', async () => {
    const client = (await certificateUser(await cluster(), { name: 'guest' })).connect();
    expect(await codeOf(client.list(kinds.configMap, 'default'))).to.equal(403);
    await client.close();
  });

  it('may edit their namespace, and are forbidden elsewhere', async () => {
    const [mine, other] = [await namespace('mine'), await namespace('other')];
    const rules = [{ apiGroups: ['gateway.networking.k8s.io'], resources: ['gateways'], verbs: ['get', 'list'] }];
    const client = (await namespaceUser(await cluster(), { name: 'tenant', namespace: mine, rules })).connect();
    const configMap = (ns: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: ns } });

    await eventually(async () => expect(await codeOf(client.list(kinds.gateway, mine))).to.equal(200));
    expect(await codeOf(client.create(configMap(mine)))).to.equal(200);
    expect(await codeOf(client.create(configMap(other)))).to.equal(403);
    expect(await codeOf(client.list(kinds.configMap))).to.equal(403);
    expect(await codeOf(client.list(kinds.gateway, other))).to.equal(403);
    expect(await codeOf(client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'more' } }))).to.equal(403);
    await client.close();
  });

  it('are service accounts with the rights that the given manifests grant', async () => {
    const ns = await namespace('operator');
    const name = `reads-pods-${ns}`;
    const user = await serviceAccountUser(await cluster(), {
      name: 'operator',
      namespace: ns,
      manifests: [
        {
          apiVersion: kinds.clusterRole.apiVersion,
          kind: 'ClusterRole',
          metadata: { name },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
        },
        {
          apiVersion: kinds.clusterRoleBinding.apiVersion,
          kind: 'ClusterRoleBinding',
          metadata: { name },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
          subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace: ns }],
        },
      ],
    });
    expect((await nameSeenBy(user)).username).to.equal(`system:serviceaccount:${ns}:operator`);
    const client = user.connect();
    await eventually(async () => expect(await codeOf(client.list(kinds.pod))).to.equal(200));
    expect(await codeOf(client.list(kinds.secret))).to.equal(403);
    await client.close();
  });

  it('carry kubeconfigs that the client library reads', async () => {
    const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
    const controlPlane = await cluster();
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(await controlPlane.kubeconfigFor({ name: 'ada', groups: ['a'], namespace: 'somewhere' }));
    expect(kubeConfig.getCurrentCluster()?.server).to.equal(controlPlane.url);
    expect(kubeConfig.getCurrentUser()?.name).to.equal('ada');
    expect(kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace).to.equal('somewhere');
    kubeConfig.loadFromFile(controlPlane.adminKubeconfig.path);
    expect(kubeConfig.getCurrentUser()?.name).to.equal('kubernetes-admin');
  });
});
