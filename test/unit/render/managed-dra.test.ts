import { expect } from 'chai';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { type ManagedDra, renderManagedDra } from '../../../render/managed-dra.ts';
import { ask } from '../../support/answers.ts';
import { find, render, type WorkloadObject } from '../../support/rendered-workloads.ts';
import { account, NAMESPACE, ownedByLlama, pod, workloadContext } from '../../support/workload-fixtures.ts';

describe('the template of managed device claims', () => {
  const CLASS = 'serving.kserve.io/exp-dra-device-class';
  const COUNT = 'serving.kserve.io/exp-dra-device-count';
  const CEL = 'serving.kserve.io/exp-dra-cel-selector';
  const REVISION = 'internal.serving.kserve.io/device-revision';
  const dra = (annotations: Record<string, string>, objects: readonly object[] = []) =>
    ask(renderManagedDra(workloadContext({ metadata: { annotations } })), objects);
  const requests = (annotations: Record<string, string>) => {
    const rendered = dra(annotations);
    if (isRejection(rendered)) throw new Error(rendered.message);
    return (rendered.present[0] as KubeObject & { spec: { spec: { devices: { requests: unknown } } } }).spec.spec.devices.requests;
  };

  it('does not exist without a device class', () => {
    expect(dra({ [COUNT]: '2' })).to.deep.include({ present: [], recreate: [], events: [] });
    expect(dra({})).to.have.nested.property('absent[0].name', 'llama-managed-dra');
  });

  it('asks for one kind of device', () => {
    expect(requests({ [CLASS]: ' gpu.nvidia.com ' })).to.deep.equal([{ name: 'device', exactly: { deviceClassName: 'gpu.nvidia.com' } }]);
    expect(requests({ [CLASS]: 'gpu', [COUNT]: ' 2 ', [CEL]: ' a == b \n\n c' })).to.deep.equal([
      { name: 'device', exactly: { deviceClassName: 'gpu', count: 2, selectors: [{ cel: { expression: 'a == b' } }, { cel: { expression: 'c' } }] } },
    ]);
    expect(requests({ [CLASS]: 'gpu', [COUNT]: '' })).to.deep.equal([{ name: 'device', exactly: { deviceClassName: 'gpu' } }]);
  });

  it('carries no labels', () =>
    expect(dra({ [CLASS]: 'gpu' }))
      .to.have.nested.property('present[0].metadata')
      .that.does.not.have.property('labels'));

  for (const [count, text] of [
    ['0', 'must be >= 1'],
    ['-1', 'must be >= 1'],
    ['two', 'invalid syntax'],
    ['1.5', 'invalid syntax'],
  ] as const) {
    it(`cannot be for ${count} devices`, () => {
      const { message } = dra({ [CLASS]: 'gpu', [COUNT]: count }) as { message: string };
      expect(message)
        .to.contain(text)
        .and.match(/^failed to reconcile Managed DRA ResourceClaimTemplate: /);
    });
  }

  const live = (exactly: object) =>
    ownedByLlama({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaimTemplate',
      metadata: { name: 'llama-managed-dra' },
      spec: { spec: { devices: { requests: [{ name: 'device', exactly: { allocationMode: 'ExactCount', ...exactly } }] } } },
    });
  it('is made anew when other devices are wanted, because it cannot be changed', () => {
    const recreated = (exactly: object) => (dra({ [CLASS]: 'gpu' }, [live(exactly)]) as ManagedDra).recreate.length > 0;
    expect(recreated({ deviceClassName: 'gpu', count: 1 })).to.equal(false);
    expect(recreated({ deviceClassName: 'gpu', count: 2 })).to.equal(true);
    expect(recreated({ deviceClassName: 'other', count: 1 })).to.equal(true);
    expect(recreated({ deviceClassName: 'gpu', count: 1, selectors: [{ cel: { expression: 'a' } }] })).to.equal(true);
    const told = (exactly: object) => (dra({ [CLASS]: 'gpu' }, [live(exactly)]) as ManagedDra).events.map(({ type, reason }) => `${type} ${reason}`);
    expect(told({ deviceClassName: 'gpu', count: 1 })).to.deep.equal([]);
    expect(told({ deviceClassName: 'gpu', count: 2 })).to.deep.equal(['Normal ClaimTemplateRecreated']);
  });

  const podWith = (statuses: readonly object[], metadata: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'llama-kserve-1',
      namespace: NAMESPACE,
      labels: { 'app.kubernetes.io/name': 'llama', 'app.kubernetes.io/part-of': 'llminferenceservice' },
      ...metadata,
    },
    spec: { resourceClaims: [{ name: 'mine', resourceClaimTemplateName: 'llama-managed-dra' }] },
    status: { resourceClaimStatuses: statuses },
  });
  const served = [{ name: 'mine', resourceClaimName: 'llama-kserve-1-mine-x' }];
  const one = { deviceClassName: 'gpu' };
  const two = { deviceClassName: 'gpu', count: 2 };
  const marked = (template: KubeObject, value = 'x'): KubeObject => ({
    ...template,
    metadata: { ...template.metadata, annotations: { [REVISION]: value } },
  });
  /** What the template says of its devices, and what all pods say: single node and several, prefill and decode, leaders and workers. */
  function revisions(objects: readonly object[], count = '1'): (string | undefined)[] {
    const annotations = { [CLASS]: 'gpu', [COUNT]: count };
    const prefill = { template: pod(), worker: pod() };
    const specs: LLMInferenceServiceSpec[] = [{ prefill: { template: pod() } }, { worker: pod(), prefill }];
    return specs.flatMap((spec) => {
      const stages = render(workloadContext({ metadata: { annotations }, spec }), [account('default'), ...objects]);
      const [template] = stages.flatMap(({ present }) => present).filter(({ kind }) => kind === 'ResourceClaimTemplate');
      const workloads = stages.flatMap(({ present }) => present).filter(({ kind }) => kind === 'Deployment' || kind === 'LeaderWorkerSet');
      const pods = (workloads as WorkloadObject[]).flatMap(({ spec: { template: ofPods, leaderWorkerTemplate: group } }) =>
        ofPods ? [ofPods] : [group.leaderTemplate, group.workerTemplate],
      );
      return [template, ...pods].map((object) => object?.metadata?.annotations?.[REVISION]);
    });
  }
  const [OBJECTS, TEMPLATE] = [8, 0] as const;
  const nowhere = Array(OBJECTS).fill(undefined);
  const everywhere = (value: string | undefined) => Array(OBJECTS).fill(value);

  it('and its pods are as ever while it is the first one', () => {
    expect(revisions([])).to.deep.equal(nowhere);
    expect(revisions([live(one), podWith(served)])).to.deep.equal(nowhere);
    expect(revisions([podWith([]), podWith([{ name: 'mine' }])])).to.deep.equal(nowhere);
    expect(revisions([podWith([{ name: 'other', resourceClaimName: 'x' }])])).to.deep.equal(nowhere);
    expect(revisions([podWith(served, { deletionTimestamp: '2026-01-01T00:00:00Z' })])).to.deep.equal(nowhere);
  });

  it('takes its pods along when it is made anew', () => {
    const replaced = revisions([live(one)], '2');
    expect(replaced[TEMPLATE]).to.match(/^[0-9a-f]{10}$/);
    expect(replaced).to.deep.equal(everywhere(replaced[TEMPLATE]));
    expect(revisions([marked(live(two))], '2'), 'afterwards').to.deep.equal(replaced);
    const returned = revisions([marked(live(two))]);
    expect(returned, 'back to the former devices').to.deep.equal(everywhere(returned[TEMPLATE]));
    expect(returned[TEMPLATE])
      .to.match(/^[0-9a-f]{10}$/)
      .and.not.equal(replaced[TEMPLATE]);
  });

  it('takes its pods along also when its predecessor is gone already', () => {
    expect(revisions([podWith(served)], '2')).to.deep.equal(revisions([live(one)], '2'));
  });

  it('of somebody else says nothing about the pods', () => {
    const foreign = { ...marked(live(two)), metadata: { name: 'llama-managed-dra', namespace: NAMESPACE, annotations: { [REVISION]: 'x' } } };
    expect(revisions([foreign])).to.deep.equal(nowhere);
  });

  it('is not for pods of a service without devices', () => {
    const stages = render(workloadContext(), [account('default'), marked(live(one))]);
    expect(find(stages, 'llama-kserve').spec.template.metadata.annotations).to.equal(undefined);
  });
});
