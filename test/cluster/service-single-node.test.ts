import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { finalizers, labels } from '../../api/metadata.ts';
import { readManifests } from '../../cli/manifest-files.ts';
import { packagePath } from '../../cli/package-files.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, given, hasChildren, isGone, isReady } from '../support/story.ts';

const NAME = 'qwen2-5-7b';
const CHILDREN = [
  `Deployment/${NAME}-kserve`,
  `Deployment/${NAME}-kserve-router-scheduler`,
  `Service/${NAME}-kserve-workload-svc`,
  `Service/${NAME}-epp-service`,
  `Secret/${NAME}-kserve-self-signed-certs`,
  `ServiceAccount/${NAME}-epp-sa`,
  `Role/${NAME}-epp-role`,
  `RoleBinding/${NAME}-epp-rb`,
  `HTTPRoute/${NAME}-kserve-route`,
  `InferencePool/${NAME}-inference-pool`,
  `v1alpha2.InferencePool/${NAME}-inference-pool`,
];

describe('the example with one model on one GPU', function () {
  this.timeout(60_000);
  let qwen: Actor;
  let binding: string;

  before(async () => {
    await sharedOperator();
    const [example] = readManifests([packagePath('examples/qwen2.5-7b-single-gpu.yaml')]);
    if (!example) throw new Error('the example has no object');
    qwen = await given(await openPlace('single'), example.object);
    binding = `ClusterRoleBinding/${qwen.namespace}-${NAME}-epp-auth-rb`;
    await qwen.reaches(isReady);
  });

  it('becomes exactly these objects', async () => {
    await hasChildren([...CHILDREN, binding])(qwen);
  });

  it('owns all of them, but for the cluster-scoped one, and labels them with its name (R3.30, R3.31)', async () => {
    const { metadata } = await qwen.stored();
    for (const [key, child] of await qwen.children()) {
      const owner = { apiVersion: 'serving.kserve.io/v1alpha2', kind: 'LLMInferenceService', name: NAME, uid: metadata.uid };
      const references = key === binding ? undefined : [{ ...owner, controller: true, blockOwnerDeletion: true }];
      expect(child.metadata.ownerReferences, key).to.deep.equal(references);
      expect(child.metadata.labels, key).to.include({ [labels.name]: NAME, [labels.partOf]: 'llminferenceservice' });
    }
  });

  it('has a finalizer, and is stored as it was written', async () => {
    const stored = await qwen.stored();
    expect(stored.metadata.finalizers).to.deep.equal([finalizers.service]);
    expect(stored.metadata.generation).to.equal(1);
    expect(stored.spec).to.not.have.any.keys('baseRefs', 'annotations', 'labels');
  });

  it('says where it is reached, what it is made of and what it was made from', async () => {
    const { status } = await qwen.stored();
    expect(status).to.include({ observedGeneration: 1, url: `http://192.0.2.10/${qwen.namespace}/${NAME}` });
    expect(status?.addresses?.map(({ url }) => url)).to.include(`http://192.0.2.10/${qwen.namespace}/${NAME}`);
    expect(status?.workloads).to.have.nested.include({
      'primary.name': `${NAME}-kserve`,
      'scheduler.name': `${NAME}-kserve-router-scheduler`,
      'service.name': `${NAME}-kserve-workload-svc`,
    });
    expect(status?.appliedConfigs).to.have.deep.members(
      ['config-llm-scheduler', 'config-llm-router-route', 'config-llm-template'].map((name) => ({
        name: `kserve-${name}`,
        namespace: 'kserve',
        source: 'Preset',
      })),
    );
  });

  it('pins the names of all presets (R2.13)', async () => {
    const pins = Object.entries((await qwen.stored()).status?.annotations ?? {});
    expect(pins).to.have.length(11);
    for (const [key, value] of pins) expect(value).to.equal(key.replace('serving.kserve.io/', 'kserve-'));
  });

  it('tells in events what was created, and that it is ready (R3 §1.4)', async () => {
    const events = await qwen.events();
    expect(new Set(events.map(({ source }) => source.component))).to.deep.equal(new Set(['LLMInferenceServiceController']));
    const told = events.filter(({ reason }) => reason === 'Created').flatMap(({ message }) => message.split('; '));
    expect(told).to.include.members([
      `Created v1.Deployment ${qwen.namespace}/${NAME}-kserve`,
      `Created v1.HTTPRoute ${qwen.namespace}/${NAME}-kserve-route`,
      `Created v1alpha2pool.InferencePool ${qwen.namespace}/${NAME}-inference-pool`,
    ]);
    expect(told, 'one for each').to.have.length(CHILDREN.length + 1);
    const ready = events.filter(({ reason }) => reason === 'LLMInferenceServiceReady');
    expect(ready.map(({ message, count, type }) => ({ message, count, type }))).to.deep.equal([
      { message: `LLMInferenceService [${NAME}] is Ready`, count: 1, type: 'Normal' },
    ]);
    expect(
      events.filter(({ type }) => type === 'Warning').map(({ message }) => message),
      'warnings',
    ).to.deep.equal([]);
  });

  it('takes everything with it when it is deleted', async () => {
    await qwen.delete();
    await qwen.reaches(isGone, hasChildren([]));
    const { items } = await qwen.admin.list(kinds.clusterRoleBinding);
    expect(items.map(({ metadata }: KubeObject) => `ClusterRoleBinding/${metadata.name}`)).not.to.include(binding);
  });
});
