import { expect } from 'chai';
import { parse } from 'yaml';
import { kinds } from '../../api/kinds.ts';
import type { Deployment, KubeObject } from '../../api/kubernetes.ts';
import { annotations } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import type { SchedulerSpec } from '../../api/types.ts';
import { namespace } from '../support/cluster.ts';
import { service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, type Expectation, given, has, hasNoCondition, isGone, isReady, type Place } from '../support/story.ts';

const withScheduler = (scheduler: SchedulerSpec) => service('qwen').with({ router: { route: {}, gateway: {}, scheduler } });
const scheduler = (body: object | null) => ({ spec: { router: { scheduler: body } } });
const plugins = (...types: string[]) => ({
  apiVersion: 'llm-d.ai/v1alpha1',
  kind: 'EndpointPickerConfig',
  plugins: types.map((type) => ({ type })),
});

const mainOf = (object: KubeObject) => (object as unknown as Deployment).spec?.template.spec?.containers.find(({ name }) => name === 'main');
/** The types of the plugins that a picker is configured with, in order. */
function typesIn(object: KubeObject): string[] {
  const args = mainOf(object)?.args ?? [];
  const config = parse(args[args.indexOf('--config-text') + 1] ?? '') as { plugins: { type: string }[] };
  return config.plugins.map(({ type }) => type);
}
const picks = (...types: string[]): Expectation =>
  has(kinds.deployment, suffixes.scheduler, (picker) => expect(typesIn(picker)).to.include.members(types));

const hasKeys =
  (expected: boolean, ...keys: string[]): Expectation =>
  async (actor) => {
    const children = [...(await actor.children()).keys()];
    if (expected) expect(children).to.include.members(keys);
    else expect(children).not.to.include.oneOf(keys);
  };
const hasAll = (...keys: string[]) => hasKeys(true, ...keys);
const hasNone = (...keys: string[]) => hasKeys(false, ...keys);

const TOKENIZER = ['Deployment/qwen-tokenizer', 'Service/qwen-tokenizer'];
const PICKER = [
  'Deployment/qwen-kserve-router-scheduler',
  'Service/qwen-epp-service',
  'ServiceAccount/qwen-epp-sa',
  'Role/qwen-epp-role',
  'RoleBinding/qwen-epp-rb',
  'InferencePool/qwen-inference-pool',
  'v1alpha2.InferencePool/qwen-inference-pool',
];

describe('the scheduler of a service', () => {
  let place: Place;

  const account = (name: string, role?: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: place.namespace, ...(role === undefined ? {} : { annotations: { 'eks.amazonaws.com/role-arn': role } }) },
    imagePullSecrets: [{ name: 'registry' }],
  });
  const configMap = (text: object, key = 'epp'): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'picker', namespace: place.namespace },
    data: { [key]: JSON.stringify(text) },
  });

  before(async () => {
    await sharedOperator();
    place = await openPlace('scheduler');
  });
  afterEach(async () => {
    await clear(place);
    await place.admin.delete(kinds.configMap, place.namespace, 'picker');
  });

  describe('with a tokenizer (R4.77)', () => {
    it('has one while the field is there', async () => {
      const qwen = await given(place, withScheduler({ tokenizer: {} }));
      await qwen.reaches(isReady, condition('TokenizerReady', 'True'), hasAll(...TOKENIZER));
      await qwen.change(scheduler({ tokenizer: null }));
      await qwen.reaches(isReady, hasNoCondition('TokenizerReady'), hasNone(...TOKENIZER));
    });

    it('has one while a plugin asks it, stops it and goes back to the default when the configuration is gone (B4.1)', async () => {
      const qwen = await given(place, withScheduler({ config: { inline: plugins('token-producer', 'queue-scorer') } }));
      await qwen.reaches(isReady, condition('TokenizerReady', 'True'), hasAll(...TOKENIZER), picks('token-producer'));

      await qwen.annotate(annotations.stop, 'true');
      await qwen.reaches(condition('TokenizerReady', 'False', 'Stopped', 'Service is stopped'), hasNone(...TOKENIZER, ...PICKER));
      await qwen.annotate(annotations.stop, null);
      await qwen.reaches(isReady, condition('TokenizerReady', 'True'), hasAll(...TOKENIZER, ...PICKER));

      await qwen.change(scheduler({ config: null }));
      await qwen.reaches(isReady, hasNoCondition('TokenizerReady'), hasNone(...TOKENIZER), picks('single-profile-handler', 'no-hit-lru-scorer'));
    });
  });

  describe('with an account', () => {
    it('copies what the account of the workload has, also after it changed (R4.11)', async () => {
      await place.admin.create(account('models', 'arn:aws:iam::1:role/a'));
      const qwen = await given(place, service('qwen').with({ template: { serviceAccountName: 'models', containers: [{ name: 'main' }] } as never }));
      const copies = (role: string): Expectation =>
        has(kinds.serviceAccount, suffixes.schedulerServiceAccount, (copy) => {
          expect(copy.metadata.annotations).to.include({ 'eks.amazonaws.com/role-arn': role });
          expect(copy.imagePullSecrets).to.deep.equal([{ name: 'registry' }]);
        });
      await qwen.reaches(isReady, copies('arn:aws:iam::1:role/a'));
      await place.admin.apply(account('models', 'arn:aws:iam::1:role/b'));
      await qwen.annotate('example.com/touched', 'yes');
      await qwen.reaches(copies('arn:aws:iam::1:role/b'));
    });

    it('of the user waits for it, and is deleted without it (R4.10, B4.10)', async () => {
      const template = { serviceAccountName: 'pickers', containers: [{ name: 'main' }] };
      const qwen = await given(place, withScheduler({ template: template as never }));
      const missing = new RegExp(`^Failed to reconcile scheduler: failed to fetch existing scheduler service account ${place.namespace}/pickers`);
      await qwen.reaches(condition('SchedulerWorkloadReady', 'False', 'SchedulerReconcileError', missing), hasNone(...PICKER));
      await place.admin.create(account('pickers'));
      await qwen.reaches(isReady, hasAll(...PICKER.filter((key) => !key.startsWith('ServiceAccount/'))), hasNone('ServiceAccount/qwen-epp-sa'));
      await place.admin.delete(kinds.serviceAccount, place.namespace, 'pickers');
      await qwen.delete();
      await qwen.reaches(isGone);
    });
  });

  describe('with a configuration', () => {
    it('from a ConfigMap follows it, whatever labels it has (R2.103, R4.123, R4.127)', async () => {
      const qwen = await given(place, withScheduler({ config: { ref: { name: 'picker', key: 'epp' } } }));
      await qwen.reaches(condition('PresetsCombined', 'False', 'SchedulerConfigNotFound'), hasNone(...PICKER));
      await place.admin.create(configMap(plugins('queue-scorer'), 'other'));
      await qwen.reaches(condition('PresetsCombined', 'False', 'CombineBaseError', /doesn't have key "epp"/), hasNone(...PICKER));
      await place.admin.apply(configMap(plugins('queue-scorer')));
      await qwen.reaches(isReady, picks('queue-scorer'));
      await place.admin.apply(configMap(plugins('load-aware-scorer')));
      await qwen.reaches(isReady, picks('load-aware-scorer'));
    });

    it('that the picker does not start with is passed on, and told (B4.4)', async () => {
      const qwen = await given(place, withScheduler({ config: { inline: { schedulingStrategy: 'round-robin' } } }));
      const told = condition('SchedulerConfigValid', 'False', 'InvalidSchedulerConfig', /EndpointPickerConfig\.kind: .*schedulingStrategy: no field/);
      await qwen.reaches(
        isReady,
        told,
        has(kinds.deployment, suffixes.scheduler, (picker) =>
          expect(mainOf(picker)?.args).to.deep.equal(['--config-text', '{"schedulingStrategy":"round-robin"}']),
        ),
      );
      await qwen.change(scheduler({ config: { inline: { schedulingStrategy: null, ...plugins('queue-scorer') } } }));
      await qwen.reaches(isReady, hasNoCondition('SchedulerConfigValid'), picks('queue-scorer'));
    });

    it('that somebody edited in the Deployment keeps it (R4.25)', async () => {
      const qwen = await given(place, service('qwen'));
      await qwen.reaches(isReady);
      const args = ['--config-text', JSON.stringify(plugins('single-profile-handler', 'random-picker'))];
      const main = { ...mainOf(await qwen.child(kinds.deployment, suffixes.scheduler)), args };
      await qwen.changeChild(kinds.deployment, suffixes.scheduler, { spec: { template: { spec: { containers: [main] } } } });
      await qwen.change({ spec: { router: { scheduler: { replicas: 2 } } } });
      await qwen.reaches(
        isReady,
        picks('random-picker'),
        has(kinds.deployment, suffixes.scheduler, (picker) => {
          expect((picker as unknown as Deployment).spec?.replicas).to.equal(2);
          expect(mainOf(picker)?.args?.[0]).to.equal('--ha-enable-leader-election');
          expect(typesIn(picker)).to.have.length.at.most(3);
        }),
      );
    });

    it('that is the default becomes another one with a prefill workload (B4.1)', async () => {
      const qwen = await given(place, service('qwen'));
      await qwen.reaches(isReady, picks('single-profile-handler'));
      await qwen.change({ spec: { prefill: { replicas: 1 } } });
      await qwen.reaches(isReady, picks('disagg-profile-handler'));
      expect((await qwen.events()).map(({ reason }) => reason)).to.include('SchedulerConfigRegenerated');
    });
  });

  describe('with a pool', () => {
    it('of somebody else has nothing of its own (R4.126)', async () => {
      const owner = await given(place, service('owner'));
      const qwen = await given(place, withScheduler({ tokenizer: {} }));
      await Promise.all([owner.reaches(isReady), qwen.reaches(isReady, hasAll(...PICKER, ...TOKENIZER))]);

      await qwen.change(scheduler({ pool: { ref: { name: 'owner-inference-pool' } } }));
      await qwen.reaches(
        isReady,
        hasNone(...PICKER, ...TOKENIZER, `ClusterRoleBinding/${place.namespace}-qwen-epp-auth-rb`),
        hasNoCondition('SchedulerWorkloadReady'),
        hasNoCondition('TokenizerReady'),
        condition('InferencePoolReady', 'True'),
        routesTo('owner-inference-pool'),
        async () => {
          const { status } = await qwen.stored();
          expect(status?.workloads).to.have.keys('primary', 'service');
          expect(status?.router?.scheduler?.inferencePool?.name).to.equal('owner-inference-pool');
        },
      );
      await qwen.change(scheduler({ pool: null }));
      await qwen.reaches(isReady, hasAll(...PICKER, ...TOKENIZER), routesTo('qwen-inference-pool'));
    });

    it('that names the Service of the picker moves it, and leaves none behind (B4.11)', async () => {
      const picker = (name: string) => ({
        selector: { matchLabels: { 'kserve.io/component': 'workload' } },
        targetPorts: [{ number: 8000 }],
        endpointPickerRef: { name, kind: 'Service', port: { number: 9002 } },
      });
      const qwen = await given(place, service('qwen'));
      await qwen.reaches(isReady, hasAll('Service/qwen-epp-service'));
      await qwen.change(scheduler({ pool: { spec: picker('picker-of-qwen') } }));
      await qwen.reaches(isReady, hasAll('Service/picker-of-qwen'), hasNone('Service/qwen-epp-service'));
      await qwen.change(scheduler(null));
      await qwen.reaches(isReady, hasNone('Service/picker-of-qwen', 'Service/qwen-epp-service'));
    });

    it('is named in v1 by the route for good, once a gateway does not take v1alpha2 (R4.94, R4.96)', async () => {
      // No gateway acts here, so the test is one.
      const { admin } = place;
      const qwen = await given({ admin, namespace: await namespace('migration') }, service('qwen'));
      const namesGroup = (group: string): Expectation =>
        has(kinds.httpRoute, suffixes.route, (route) => {
          const { rules } = route.spec as { rules: { backendRefs: { kind: string; group?: string }[] }[] };
          const groups = rules.flatMap(({ backendRefs }) => backendRefs.filter(({ kind }) => kind === 'InferencePool').map((ref) => ref.group));
          expect(new Set(groups)).to.deep.equal(new Set([group]));
        });
      const report = async (status: string, reason: string): Promise<void> => {
        const route = await qwen.child(kinds.httpRoute, suffixes.route);
        const [parentRef] = (route.spec as { parentRefs: object[] }).parentRefs;
        const common = { lastTransitionTime: '2026-01-01T00:00:00Z', message: '', observedGeneration: route.metadata.generation };
        const conditions = [
          { type: 'Accepted', status: 'True', reason: 'Accepted', ...common },
          { type: 'ResolvedRefs', status, reason, ...common },
        ];
        await qwen.changeChild(
          kinds.httpRoute,
          suffixes.route,
          { status: { parents: [{ parentRef, controllerName: 'example.com/test', conditions }] } },
          'status',
        );
      };
      const annotated: Expectation = has(kinds.httpRoute, suffixes.route, (route) =>
        expect(route.metadata.annotations).to.include({ [annotations.inferencePoolMigrated]: 'v1' }),
      );
      const bothPools = hasAll('InferencePool/qwen-inference-pool', 'v1alpha2.InferencePool/qwen-inference-pool');

      await qwen.reaches(namesGroup('inference.networking.x-k8s.io'), bothPools);
      await report('False', 'InvalidKind');
      await qwen.reaches(namesGroup('inference.networking.k8s.io'), annotated, bothPools);
      await report('False', 'InvalidKind');
      await qwen.annotate('example.com/touched', 'yes');
      await qwen.reaches(condition('HTTPRoutesReady', 'False'), namesGroup('inference.networking.k8s.io'), annotated, bothPools);
      await qwen.delete();
      await qwen.reaches(isGone);
    });

    it('serves the pods of another service that carries its labels (R4.97)', async () => {
      const qwen = await given(place, service('qwen'));
      const labels = { 'app.kubernetes.io/name': 'qwen' };
      const amd = await given(place, service('qwen-amd').with({ router: null as never, labels }));
      await Promise.all([qwen.reaches(isReady), amd.reaches(isReady)]);
      const { selector } = (await qwen.child(kinds.inferencePool, suffixes.inferencePool)).spec as { selector: { matchLabels: object } };
      const pods = ((await amd.child(kinds.deployment, suffixes.main)) as unknown as Deployment).spec?.template.metadata?.labels;
      expect(pods).to.include(selector.matchLabels);
      expect([...(await amd.children()).keys()].filter((key) => /Pool|epp|scheduler/.test(key))).to.deep.equal([]);
    });
  });
});

function routesTo(pool: string): Expectation {
  return async (actor: Actor) => {
    const { rules } = (await actor.child(kinds.httpRoute, suffixes.route)).spec as { rules: { backendRefs: { kind: string; name: string }[] }[] };
    const names = rules.flatMap(({ backendRefs }) => backendRefs.filter(({ kind }) => kind === 'InferencePool').map(({ name }) => name));
    expect(new Set(names)).to.deep.equal(new Set([pool]));
  };
}
