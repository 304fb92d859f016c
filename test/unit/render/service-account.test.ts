import { expect } from 'chai';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import type { ObjectRef } from '../../../render/children.ts';
import { type Access, multiNodeAccess, prefillMultiNodeAccess, singleNodeAccess } from '../../../render/service-account.ts';
import { ask } from '../../support/answers.ts';
import { account, NAMESPACE, ownedByLlama, pod, podWithSidecar, workloadContext } from '../../support/workload-fixtures.ts';

type Render = typeof singleNodeAccess;

function access(render: Render, spec: LLMInferenceServiceSpec, objects: readonly object[] = []): Access {
  const result = ask(render(workloadContext({ spec })), objects);
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

const titles = (list: readonly (KubeObject | ObjectRef)[]) =>
  list.map((o) => ('metadata' in o ? `${o.kind} ${(o as KubeObject).metadata.name}` : `${(o as ObjectRef).kind.kind} ${(o as ObjectRef).name}`));
const shape = ({ present, absent }: Access) => ({ present: titles(present), absent: titles(absent) });

const managed = 'ServiceAccount llama-kserve';
const rbac = ['Role llama-kserve-role', 'RoleBinding llama-kserve-rb'];
const mine = account('mine');

describe('what the single-node pods run as', () => {
  const cases: [string, LLMInferenceServiceSpec, { present: string[]; absent: string[] }][] = [
    ['a managed account with a routing sidecar', { template: podWithSidecar() }, { present: [managed, ...rbac], absent: [] }],
    ['nothing without a sidecar', { template: pod() }, { present: [], absent: [managed, ...rbac] }],
    ['an existing account with a sidecar', { template: podWithSidecar({}, { serviceAccountName: 'mine' }) }, { present: rbac, absent: [managed] }],
    ['an existing account without a sidecar', { template: pod({}, { serviceAccountName: 'mine' }) }, { present: [], absent: [managed, ...rbac] }],
    ['a managed account also in multi node', { template: podWithSidecar(), worker: pod() }, { present: [managed, ...rbac], absent: [] }],
    ['nothing without a template', {}, { present: [], absent: [managed, ...rbac] }],
  ];
  for (const [title, spec, expected] of cases) {
    it(`is ${title}`, () => expect(shape(access(singleNodeAccess, { ...spec }, [mine]))).to.deep.equal(expected));
  }

  it('may pull images and read Secrets as the default account, whose annotations stay its own', () => {
    const standard = account('default', { secrets: ['s3'], pullSecrets: ['registry'], annotations: { 'eks.amazonaws.com/role-arn': 'arn' } });
    const [serviceAccount] = access(singleNodeAccess, { template: podWithSidecar() }, [standard]).present;
    expect(serviceAccount).to.deep.include({ imagePullSecrets: [{ name: 'registry' }], secrets: [{ name: 's3' }] });
    expect(serviceAccount?.metadata).to.not.have.property('annotations');
    expect(serviceAccount?.metadata.labels).to.deep.equal({
      'app.kubernetes.io/component': 'llminferenceservice-workload',
      'app.kubernetes.io/name': 'llama',
      'app.kubernetes.io/part-of': 'llminferenceservice',
    });
    expect(serviceAccount?.metadata.ownerReferences?.[0]).to.deep.equal({
      apiVersion: 'serving.kserve.io/v1alpha2',
      kind: 'LLMInferenceService',
      name: 'llama',
      uid: 'uid-of-llama',
      controller: true,
      blockOwnerDeletion: true,
    });
  });

  it('is managed without lists where there is no default account', () => {
    expect(access(singleNodeAccess, { template: podWithSidecar() }).present[0]).to.have.all.keys('apiVersion', 'kind', 'metadata');
  });

  it('has the permissions the sidecar needs', () => {
    const [role, binding] = access(singleNodeAccess, { template: podWithSidecar({}, { serviceAccountName: 'mine' }) }, [mine]).present;
    expect(role?.rules).to.deep.equal([
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['inference.networking.x-k8s.io', 'inference.networking.k8s.io'], resources: ['inferencepools'], verbs: ['get', 'list', 'watch'] },
    ]);
    expect(binding).to.deep.include({
      subjects: [{ kind: 'ServiceAccount', name: 'mine', namespace: NAMESPACE }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'llama-kserve-role' },
    });
  });

  it('must exist where the user names it, except in multi node', () => {
    const template = pod({}, { serviceAccountName: 'gone' });
    expect(ask(singleNodeAccess(workloadContext({ spec: { template } })))).to.have.property(
      'message',
      'failed to fetch existing single node main service account ml/gone: serviceaccounts "gone" not found',
    );
    expect(isRejection(ask(singleNodeAccess(workloadContext({ spec: { template, worker: pod() } }))))).to.equal(false);
  });

  describe('when the user names an account as we would', () => {
    const spec = { template: podWithSidecar({}, { serviceAccountName: 'llama-kserve' }) };
    it("is the user's if the user made it", () => {
      expect(shape(access(singleNodeAccess, spec, [account('llama-kserve')]))).to.deep.equal({ present: rbac, absent: [] });
    });
    for (const [title, objects] of [
      ['nobody made it', []],
      ['we did', [ownedByLlama(account('llama-kserve'))]],
    ] as const) {
      it(`is ours if ${title}`, () => expect(shape(access(singleNodeAccess, spec, objects)).present).to.deep.equal([managed, ...rbac]));
    }
  });
});

describe('what the pods of LeaderWorkerSets run as', () => {
  const group = 'ServiceAccount llama-kserve-mn';
  const groupRbac = ['Role llama-kserve-mn-role', 'RoleBinding llama-kserve-mn-rb'];
  const cases: [string, LLMInferenceServiceSpec, { present: string[]; absent: string[] }][] = [
    ['a managed account', { template: pod(), worker: pod() }, { present: [group], absent: groupRbac }],
    [
      'a managed account with permissions for a sidecar of the leader',
      { template: podWithSidecar(), worker: pod() },
      { present: [group, ...groupRbac], absent: [] },
    ],
    ['a managed account with permissions for a sidecar of the worker', { worker: podWithSidecar() }, { present: [group, ...groupRbac], absent: [] }],
    ['nothing without workers', { template: podWithSidecar() }, { present: [], absent: [group, ...groupRbac] }],
    [
      'the account of the leader',
      { template: pod({}, { serviceAccountName: 'mine' }), worker: pod() },
      { present: [], absent: [group, ...groupRbac] },
    ],
    [
      'the account of the worker',
      { template: pod(), worker: pod({}, { serviceAccountName: 'mine' }) },
      { present: [], absent: [group, ...groupRbac] },
    ],
    [
      'an existing account, which has the permissions for a sidecar even without workers',
      { template: podWithSidecar({}, { serviceAccountName: 'mine' }) },
      { present: groupRbac, absent: [group] },
    ],
  ];
  for (const [title, spec, expected] of cases) {
    it(`is ${title}`, () => expect(shape(access(multiNodeAccess, spec, [mine]))).to.deep.equal(expected));
  }

  it('carries no component label', () => {
    expect(access(multiNodeAccess, { worker: pod() }).present[0]?.metadata.labels).to.have.all.keys(
      'app.kubernetes.io/name',
      'app.kubernetes.io/part-of',
    );
  });

  it('is an account of its own for prefill, without permissions', () => {
    const prefill = { template: podWithSidecar(), worker: pod() };
    expect(shape(access(prefillMultiNodeAccess, { prefill }))).to.deep.equal({ present: ['ServiceAccount llama-kserve-mn-prefill'], absent: [] });
    for (const spec of [{}, { prefill: { template: pod() } }, { prefill: { template: pod({}, { serviceAccountName: 'mine' }) } }]) {
      expect(shape(access(prefillMultiNodeAccess, spec, [mine]))).to.deep.equal({ present: [], absent: ['ServiceAccount llama-kserve-mn-prefill'] });
    }
  });

  it('must exist where the user names it, also for pods of one node (R3.78)', () => {
    const gone = pod({}, { serviceAccountName: 'gone' });
    const messageOf = (render: Render, spec: LLMInferenceServiceSpec) => (ask(render(workloadContext({ spec }))) as { message: string }).message;
    for (const spec of [{ worker: gone }, { template: gone, worker: pod() }, { template: gone }]) {
      expect(messageOf(multiNodeAccess, spec)).to.match(/^failed to fetch existing multi node main service account ml\/gone: /);
    }
    for (const prefill of [{ worker: gone }, { template: gone }]) {
      expect(messageOf(prefillMultiNodeAccess, { prefill })).to.match(/^failed to fetch existing multi node prefill service account ml\/gone: /);
    }
  });

  it('may still have to be made where the user names the one that pods of one node get', () => {
    const spec = { template: podWithSidecar({}, { serviceAccountName: 'llama-kserve' }) };
    expect(shape(access(multiNodeAccess, spec))).to.deep.equal({ present: groupRbac, absent: [group] });
  });
});
