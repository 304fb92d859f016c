import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { Deployment, KubeObject } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import { service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, has, isReady, type Place } from '../support/story.ts';

const deploymentOf = (object: KubeObject) => object as unknown as Deployment;

describe('what others do to the objects of a service', () => {
  let place: Place;
  let qwen: Actor;

  before(async () => {
    await sharedOperator();
    place = await openPlace('drift');
    qwen = await given(place, service('qwen').withReplicas(2));
    await qwen.reaches(isReady);
  });
  after(() => clear(place));

  it('is repaired where a field is ours', async () => {
    const before = deploymentOf(await qwen.child(kinds.deployment, suffixes.main));
    const container = { ...before.spec?.template.spec?.containers[0], image: 'example.com/other:1' };
    await qwen.changeChild(kinds.deployment, suffixes.main, { spec: { template: { spec: { containers: [container] } } } });
    const image = before.spec?.template.spec?.containers[0]?.image;
    await qwen.reaches(
      has(kinds.deployment, suffixes.main, (child) => expect(deploymentOf(child).spec?.template.spec?.containers[0]?.image).to.equal(image)),
      isReady,
    );
  });

  it('is repaired in the list of a route', async () => {
    const before = await qwen.child(kinds.httpRoute, suffixes.route);
    const { rules } = before.spec as { rules: unknown[] };
    await qwen.changeChild(kinds.httpRoute, suffixes.route, { spec: { rules: rules.slice(1) } });
    await qwen.reaches(
      has(kinds.httpRoute, suffixes.route, (child) => expect(child.spec).to.deep.equal(before.spec)),
      isReady,
    );
  });

  it('is kept where they add host names to a route, which are advertised, until something else is wanted of it (R5.43, B5.3)', async () => {
    const hosts = async () => ((await qwen.child(kinds.httpRoute, suffixes.route)).spec as { hostnames?: string[] }).hostnames;
    const advertised = async () => ((await qwen.stored()).status?.addresses ?? []).map(({ url }) => new URL(url ?? '').hostname);
    await qwen.changeChild(kinds.httpRoute, suffixes.route, { spec: { hostnames: ['models.example.com'] } });
    await qwen.reaches(async () => expect(await advertised()).to.include('models.example.com'), isReady);
    expect(await hosts()).to.deep.equal(['models.example.com']);
    await qwen.change({ spec: { model: { name: 'another' } } });
    await qwen.reaches(async () => expect(await advertised()).to.not.be.empty.and.not.include('models.example.com'), isReady);
    expect(await hosts()).to.equal(undefined);
  });

  it('is repaired where a label of ours was taken away', async () => {
    const { labels } = (await qwen.child(kinds.coreService, suffixes.workloadService)).metadata;
    await qwen.changeChild(kinds.coreService, suffixes.workloadService, { metadata: { labels: { 'app.kubernetes.io/component': null } } });
    await qwen.reaches(has(kinds.coreService, suffixes.workloadService, (child) => expect(child.metadata.labels).to.deep.equal(labels)));
  });

  it('is kept where the label is not ours, also when the object is repaired', async () => {
    const metadata = { labels: { 'example.com/team': 'red' }, annotations: { 'example.com/note': 'kept' } };
    await qwen.changeChild(kinds.deployment, suffixes.main, { metadata, spec: { template: { spec: { serviceAccountName: 'other' } } } });
    await qwen.reaches(
      has(kinds.deployment, suffixes.main, (child) => {
        expect(deploymentOf(child).spec?.template.spec?.serviceAccountName).not.to.equal('other');
        expect(child.metadata.labels).to.include(metadata.labels);
        expect(child.metadata.annotations).to.include(metadata.annotations);
      }),
    );
  });

  for (const [kind, suffix] of [
    [kinds.deployment, suffixes.main],
    [kinds.coreService, suffixes.workloadService],
    [kinds.secret, suffixes.certificate],
    [kinds.httpRoute, suffixes.route],
    [kinds.inferencePool, suffixes.inferencePool],
    [kinds.deployment, suffixes.scheduler],
    [kinds.serviceAccount, suffixes.schedulerServiceAccount],
    [kinds.role, suffixes.schedulerRole],
    [kinds.roleBinding, suffixes.schedulerRoleBinding],
  ] as const) {
    it(`brings back a ${kind.kind} (${suffix}) that was deleted`, async () => {
      const { uid } = (await qwen.child(kind, suffix)).metadata;
      await qwen.deleteChild(kind, suffix);
      await qwen.reaches(
        has(kind, suffix, (child) => expect(child.metadata.uid).not.to.equal(uid)),
        isReady,
      );
    });
  }

  it('brings back the cluster-scoped binding that was deleted', async () => {
    const name = `${qwen.namespace}-qwen-epp-auth-rb`;
    const before = await place.admin.get(kinds.clusterRoleBinding, undefined, name);
    await place.admin.delete(kinds.clusterRoleBinding, undefined, name);
    await qwen.reaches(async () => {
      const after = await place.admin.get(kinds.clusterRoleBinding, undefined, name);
      expect(after?.metadata.uid).not.to.be.oneOf([undefined, before?.metadata.uid]);
      expect(after).to.deep.include({ roleRef: before?.roleRef, subjects: before?.subjects });
    });
  });

  it('does not touch the replicas somebody scales when the service states none (R3.54)', async () => {
    const free = await given(place, service('free'));
    await free.reaches(isReady);
    await free.changeChild(kinds.deployment, suffixes.main, { spec: { replicas: 3 } });
    await free.changeChild(kinds.deployment, suffixes.main, { spec: { template: { spec: { serviceAccountName: 'other' } } } });
    await free.reaches(
      has(kinds.deployment, suffixes.main, (child) => {
        expect(deploymentOf(child).spec?.template.spec?.serviceAccountName).not.to.equal('other');
        expect(deploymentOf(child).spec?.replicas).to.equal(3);
      }),
    );
  });
});
