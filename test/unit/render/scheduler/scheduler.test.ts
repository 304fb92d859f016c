import { expect } from 'chai';
import type { LLMInferenceServiceSpec } from '../../../../api/types.ts';
import { contextOf, pickerOf, presetScheduler, selectorLabels, stageOf, stagesOf } from './fixture.ts';

const managed = (spec: LLMInferenceServiceSpec = {}): LLMInferenceServiceSpec => ({ router: { route: {}, scheduler: presetScheduler() }, ...spec });
const names = (refs: readonly { kind: { kind: string }; name: string }[]): string[] => refs.map(({ kind, name }) => `${kind.kind}/${name}`);

describe('a managed scheduler', () => {
  it('has its pools before its picker, and its tokenizer before its picker (R4.4, B4.34)', () => {
    const stages = stagesOf(contextOf(managed())).map(({ name }) => name);
    expect(stages).to.deep.equal(['schedulerAccess', 'pools', 'tokenizer', 'scheduler', 'schedulerService']);
  });

  it('has children with the names, labels and owner of R4.2', () => {
    const present = stagesOf(contextOf(managed())).flatMap((stage) => stage.present);
    expect(present.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)).to.have.members([
      'v1 ServiceAccount demo-epp-sa',
      'rbac.authorization.k8s.io/v1 ClusterRoleBinding ml-demo-epp-auth-rb',
      'rbac.authorization.k8s.io/v1 Role demo-epp-role',
      'rbac.authorization.k8s.io/v1 RoleBinding demo-epp-rb',
      'inference.networking.k8s.io/v1 InferencePool demo-inference-pool',
      'inference.networking.x-k8s.io/v1alpha2 InferencePool demo-inference-pool',
      'apps/v1 Deployment demo-kserve-router-scheduler',
      'v1 Service demo-epp-service',
    ]);
    const owner = {
      apiVersion: 'serving.kserve.io/v1alpha2',
      kind: 'LLMInferenceService',
      name: 'demo',
      uid: 'uid-demo',
      controller: true,
      blockOwnerDeletion: true,
    };
    for (const { kind, metadata } of present) {
      expect(metadata.labels, kind).to.deep.equal(selectorLabels);
      expect(metadata.ownerReferences, kind).to.deep.equal(kind === 'ClusterRoleBinding' ? undefined : [owner]);
      expect(metadata.namespace, kind).to.equal(kind === 'ClusterRoleBinding' ? undefined : 'ml');
    }
  });

  it('wants no tokenizer unless something asks for one (R4.77)', () => {
    expect(names(stageOf(stagesOf(contextOf(managed())), 'tokenizer').absent)).to.deep.equal(['Deployment/demo-tokenizer', 'Service/demo-tokenizer']);
  });

  it('ends with the first stage that cannot be rendered (R4.4, R4.27, R4.61)', () => {
    const scheduler = presetScheduler({}, { annotations: { 'app.kubernetes.io/version': 'v0.10' } });
    const last = stagesOf(contextOf({ router: { scheduler } })).at(-1);
    expect(last?.name).to.equal('scheduler');
    expect(last?.rejection?.message).to.equal(
      'failed to build expected scheduler deployment: failed to apply scheduler migrations: failed to parse version "v0.10"',
    );
  });

  it('warns of the precise scorer of old, stopped or not, once per generation (R4.5, B4.30)', () => {
    const inline = { kind: 'EndpointPickerConfig', plugins: [{ type: 'precise-prefix-cache-scorer' }] };
    for (const stopped of [false, true]) {
      const scheduler = presetScheduler({}, { config: { inline }, tokenizer: { template: { containers: [{ name: 'main' }] } } });
      const events = stagesOf(contextOf({ router: { scheduler } }, { stopped })).flatMap((stage) => stage.events ?? []);
      const [warning] = events.filter(({ reason }) => reason === 'DeprecatedPlugin');
      expect(warning?.type).to.equal('Warning');
      for (const word of ['"demo"', 'precise-prefix-cache-scorer', 'token-producer', 'precise-prefix-cache-producer', 'prefix-cache-scorer']) {
        expect(warning?.message).to.contain(word);
      }
      const { service } = contextOf({});
      const observed = { ...service, metadata: { ...service.metadata, generation: 3 }, status: { observedGeneration: 3 } };
      const again = stagesOf(contextOf({ router: { scheduler } }, { stopped, service: observed })).flatMap((stage) => stage.events ?? []);
      expect(again.map(({ reason }) => reason)).not.to.include('DeprecatedPlugin');
    }
  });
});

describe('without a managed scheduler', () => {
  const template = presetScheduler().template ?? {};
  const cases: [string, LLMInferenceServiceSpec, boolean][] = [
    ['a stopped service', managed(), true],
    ['a service without router', {}, false],
    ['a service without scheduler', { router: { route: {} } }, false],
    ['a scheduler with an external pool', { router: { scheduler: { template, pool: { ref: { name: 'theirs' } }, tokenizer: {} } } }, false],
  ];
  for (const [title, spec, stopped] of cases) {
    it(`${title} has nothing of R4.2 left, permissions included (R4.3, R4.72, B4.7)`, () => {
      const stages = stagesOf(contextOf(spec, { stopped }));
      expect(stages.flatMap(({ present }) => present)).to.deep.equal([]);
      expect(names(stages.flatMap(({ absent }) => absent))).to.have.members([
        'ServiceAccount/demo-epp-sa',
        'Role/demo-epp-role',
        'RoleBinding/demo-epp-rb',
        'ClusterRoleBinding/ml-demo-epp-auth-rb',
        'InferencePool/demo-inference-pool',
        'InferencePool/demo-inference-pool',
        'Deployment/demo-tokenizer',
        'Service/demo-tokenizer',
        'Deployment/demo-kserve-router-scheduler',
        'Service/demo-epp-service',
      ]);
    });
  }

  it('an empty pool reference counts as none (R4.3)', () => {
    const scheduler = presetScheduler();
    const stages = stagesOf(contextOf({ router: { scheduler: { ...scheduler, pool: { ...scheduler.pool, ref: { name: '' } } } } }));
    expect(pickerOf(stages).metadata?.name).to.equal('demo-kserve-router-scheduler');
  });

  it('nothing that would make building fail makes deleting fail (B4.6, B4.10)', () => {
    const broken = presetScheduler(
      { args: ['--lora-info-metric=x', '--config-file', '/f'] },
      { annotations: { 'app.kubernetes.io/version': 'latest' } },
    );
    const scheduler = { ...broken, tokenizer: {}, template: { ...broken.template, serviceAccountName: 'gone' } };
    const stages = stagesOf(contextOf({ model: { uri: 'nonsense' }, router: { scheduler } }, { stopped: true }));
    expect(stages.filter(({ rejection }) => rejection !== undefined)).to.deep.equal([]);
    expect(stages.flatMap(({ absent }) => absent)).to.have.length(10);
  });

  it('does not ask for v1alpha2 pools of a server that has none', () => {
    const stages = stagesOf(contextOf({}), [], false);
    expect(stageOf(stages, 'pools').absent.map(({ kind }) => kind.apiVersion)).to.deep.equal(['inference.networking.k8s.io/v1']);
  });
});

describe('the InferencePools', () => {
  it('state the merged pool spec, in both API versions (R4.90 - R4.92)', () => {
    const [v1, alpha] = stageOf(stagesOf(contextOf(managed())), 'pools').present;
    expect(v1?.spec).to.deep.equal(presetScheduler().pool?.spec);
    expect(alpha?.spec).to.deep.equal({
      selector: { 'app.kubernetes.io/name': 'demo', 'app.kubernetes.io/part-of': 'llminferenceservice', 'kserve.io/component': 'workload' },
      targetPortNumber: 8000,
      extensionRef: { kind: 'Service', name: 'demo-epp-service', portNumber: 9002, failureMode: 'FailOpen' },
    });
  });

  it('are one where the server has no v1alpha2 (R4.91)', () => {
    const { present } = stageOf(stagesOf(contextOf(managed()), [], false), 'pools');
    expect(present.map(({ apiVersion }) => apiVersion)).to.deep.equal(['inference.networking.k8s.io/v1']);
  });

  it('need target ports (B4.25) and a spec', () => {
    const scheduler = presetScheduler();
    for (const pool of [{ spec: { ...scheduler.pool?.spec, targetPorts: [] } }, {}]) {
      const stages = stagesOf(contextOf({ router: { scheduler: { ...scheduler, pool } } }));
      expect(stages.at(-1)?.name).to.equal('pools');
      expect(stages.at(-1)?.rejection?.field).to.equal('spec.router.scheduler.pool.spec');
    }
  });
});
