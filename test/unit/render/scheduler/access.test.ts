import { expect } from 'chai';
import type { KubeObject } from '../../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../../../api/types.ts';
import { authBindingName, isOwnAuthBinding } from '../../../../render/scheduler/access.ts';
import { contextOf, objectOf, presetScheduler, stageOf, stagesOf } from './fixture.ts';

const account = (name: string, fields: object = {}, annotations?: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: 'ml', ...(annotations === undefined ? {} : { annotations }) },
  ...fields,
});
const secrets = { secrets: [{ name: 's3' }], imagePullSecrets: [{ name: 'registry' }] };
const spec = (serviceAccountName?: string, workload?: string): LLMInferenceServiceSpec => {
  const scheduler = presetScheduler();
  const template = { ...scheduler.template, ...(serviceAccountName === undefined ? {} : { serviceAccountName }) };
  return { router: { scheduler: { ...scheduler, template } }, ...(workload === undefined ? {} : { template: { serviceAccountName: workload } }) };
};

describe("the picker's service account (R4.10, R4.11)", () => {
  it('takes over annotations and Secrets of the account the workload names', () => {
    const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/models', 'example.com/x': 'y' };
    const generated = objectOf(
      stagesOf(contextOf(spec(undefined, 'models')), [account('models', secrets, annotations)]),
      'ServiceAccount',
      'demo-epp-sa',
    );
    expect(generated.metadata.annotations).to.deep.equal(annotations);
    expect(generated).to.deep.include(secrets);
  });

  it('takes over the Secrets of account default, and no annotations, when the workload names none', () => {
    const source = account('default', secrets, { 'eks.amazonaws.com/role-arn': 'arn' });
    const generated = objectOf(stagesOf(contextOf(spec()), [source]), 'ServiceAccount', 'demo-epp-sa');
    expect(generated.metadata).to.not.have.property('annotations');
    expect(generated).to.deep.include(secrets);
  });

  it('is there also in a namespace without any account, and before the one it copies (R4.11a)', () => {
    for (const wanted of [spec(), spec(undefined, 'later'), spec('')]) {
      const generated = objectOf(stagesOf(contextOf(wanted)), 'ServiceAccount', 'demo-epp-sa');
      expect(generated).to.have.all.keys('apiVersion', 'kind', 'metadata');
    }
  });

  it('is the one the user names, which is neither made nor changed', () => {
    const stages = stagesOf(contextOf(spec('theirs')), [account('theirs')]);
    const { present, absent } = stageOf(stages, 'schedulerAccess');
    expect(present.map(({ kind }) => kind)).to.deep.equal(['ClusterRoleBinding', 'Role', 'RoleBinding']);
    expect(absent).to.deep.equal([]);
    for (const { kind, subjects } of present.filter(({ kind: k }) => k.endsWith('Binding'))) {
      expect(subjects, kind).to.deep.equal([{ kind: 'ServiceAccount', name: 'theirs', namespace: 'ml' }]);
    }
  });

  it('must exist when the user names it', () => {
    const [first, ...rest] = stagesOf(contextOf(spec('gone')));
    expect(first?.rejection?.message).to.match(/^failed to fetch existing scheduler service account ml\/gone/);
    expect(rest).to.deep.equal([]);
  });
});

describe("the picker's permissions", () => {
  const { present } = stageOf(stagesOf(contextOf(spec())), 'schedulerAccess');
  const of = (kind: string) => present.find((object) => object.kind === kind);

  it('are those of R4.13', () => {
    const read = ['get', 'list', 'watch'];
    expect(of('Role')?.rules).to.deep.equal([
      { apiGroups: [''], resources: ['pods'], verbs: read },
      {
        apiGroups: ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'],
        resources: ['inferencepools', 'inferenceobjectives', 'inferencemodels'],
        verbs: read,
      },
      { apiGroups: ['inference.networking.x-k8s.io'], resources: ['inferencemodelrewrites', 'inferencepoolimports'], verbs: read },
      { apiGroups: ['llm-d.ai'], resources: ['inferenceobjectives', 'inferencemodelrewrites'], verbs: read },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...read, 'create', 'update', 'patch', 'delete'] },
    ]);
  });

  it('are bound to the account, with the right to authenticate callers (R4.13, R4.14)', () => {
    expect(of('RoleBinding')?.roleRef).to.deep.equal({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'demo-epp-role' });
    expect(of('ClusterRoleBinding')?.roleRef).to.deep.equal({
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:auth-delegator',
    });
  });
});

describe('the binding to system:auth-delegator', () => {
  it('is named after namespace and service, shortened around the namespace (R4.2)', () => {
    expect(authBindingName({ namespace: 'ml', name: 'demo' })).to.equal('ml-demo-epp-auth-rb');
    const long = authBindingName({ namespace: 'n'.repeat(40), name: 's'.repeat(30) });
    expect(Buffer.byteLength(long)).to.be.at.most(63);
  });

  it('belongs to one of the services that come to its name (B4.8)', () => {
    const service = (namespace: string, name: string) =>
      contextOf({}, { service: { apiVersion: 'v', kind: 'k', metadata: { namespace, name, uid: 'u' } } });
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'a-b-c-epp-auth-rb', labels: { 'app.kubernetes.io/name': 'b-c' } },
      subjects: [{ kind: 'ServiceAccount', name: 'b-c-epp-sa', namespace: 'a' }],
    };
    expect(isOwnAuthBinding(service('a', 'b-c'), binding)).to.equal(true);
    expect(isOwnAuthBinding(service('a-b', 'c'), binding)).to.equal(false);
  });
});
