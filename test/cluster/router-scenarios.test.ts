import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { annotations } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import type { LLMInferenceServiceSpec } from '../../api/types.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { config, service } from '../support/manifests.ts';
import { defaultParent, gateway, HEADER, httpRoute, rule, serviceBackend } from '../support/router-fixtures.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, given, has, hasNoCondition, isReady, lacks, managedRoute, type Place } from '../support/story.ts';

const adapters = (...names: string[]): NonNullable<LLMInferenceServiceSpec['model']> => ({
  uri: 'hf://facebook/opt-125m',
  name: 'facebook/opt-125m',
  lora: { adapters: names.map((name) => ({ name, uri: `hf://example/${name}` })) },
});

describe('scenarios of the router (5.21)', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('scenarios');
  });
  afterEach(() => clear(place));

  const backendsOf = async (actor: Actor) =>
    ((await managedRoute(actor)).spec?.rules ?? []).flatMap(({ backendRefs = [] }) =>
      backendRefs.map(({ group, kind, name, port, weight }) => `${group}/${kind}/${name}:${port}*${weight}`),
    );

  it('have one route with the pool and the workload as backends, and its gateway in the status', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady, condition('HTTPRoutesReady', 'True'), condition('InferencePoolReady', 'True'), condition('RouterReady', 'True'));
    expect((await managedRoute(qwen)).spec?.parentRefs).to.deep.equal([{ ...defaultParent }]);
    expect(new Set(await backendsOf(qwen))).to.deep.equal(
      new Set(['inference.networking.x-k8s.io/InferencePool/qwen-inference-pool:8000*1', '/Service/qwen-kserve-workload-svc:8000*1']),
    );
    const seen = async () => (await qwen.stored()).status?.router?.gateways;
    const gateways = await seen();
    expect(gateways).to.deep.equal([
      {
        ...defaultParent,
        httpRoutes: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'qwen-kserve-route', namespace: place.namespace }],
      },
    ]);
    await qwen.change({ metadata: { labels: { 'example.com/team': 'red' } }, spec: { replicas: 2 } });
    await qwen.reaches(isReady);
    expect(await seen()).to.deep.equal(gateways);
  });

  it('have neither pool nor reference to one without a scheduler', async () => {
    const qwen = await given(place, service('qwen').with({ router: { route: {}, gateway: {} } }));
    await qwen.reaches(isReady, lacks(kinds.inferencePool, suffixes.inferencePool), lacks(kinds.inferencePoolAlpha, suffixes.inferencePool));
    expect(new Set(await backendsOf(qwen))).to.deep.equal(new Set(['/Service/qwen-kserve-workload-svc:8000*1']));
  });

  it('have the names of the model and of its adapters in the header', async () => {
    const qwen = await given(place, service('qwen').with({ model: adapters('sql', 'code') }));
    await qwen.reaches(isReady);
    const values = ((await managedRoute(qwen)).spec?.rules ?? []).flatMap(({ matches = [] }) =>
      matches.flatMap(({ headers = [] }) => headers.filter(({ name }) => name === HEADER).map(({ value }) => value)),
    );
    expect(new Set(values)).to.deep.equal(
      new Set(['facebook/opt-125m', 'code', 'sql'].map((model) => `publishers/${place.namespace}/models/${model}`)),
    );
  });

  it('have models in every address of a gateway of their own', async () => {
    await place.admin.create(gateway({ name: 'edge', namespace: place.namespace }));
    const qwen = await given(place, service('qwen').with({ model: adapters('sql'), router: { route: {}, gateway: { refs: [{ name: 'edge' }] } } }));
    await qwen.reaches(isReady);
    const { addresses = [] } = (await qwen.stored()).status ?? {};
    const qualified = (model: string) => `publishers/${place.namespace}/models/${model}`;
    const byHeader = [qualified('facebook/opt-125m'), qualified('sql')];
    const byPath = [qualified('facebook/opt-125m'), 'facebook/opt-125m', qualified('sql'), 'sql'];
    expect(addresses.map(({ name, models }) => [name, models?.map((model) => model.name)])).to.deep.equal([
      ['gateway-external-model-routing', byHeader],
      ['gateway-external', byPath],
      ['gateway-external', byPath],
    ]);
  });

  it('are ready by their own route, without a gateway', async () => {
    const rules = [rule('/mine', serviceBackend('qwen-kserve-workload-svc'))];
    await place.admin.create(httpRoute({ name: 'mine', namespace: place.namespace, parentRefs: [defaultParent], rules }));
    const qwen = await given(place, service('qwen').with({ router: { route: { http: { refs: [{ name: 'mine' }] } } } }));
    await qwen.reaches(
      isReady,
      condition('HTTPRoutesReady', 'True'),
      condition('RouterReady', 'True'),
      hasNoCondition('GatewaysReady'),
      lacks(kinds.httpRoute, suffixes.route),
    );
  });

  it('stop also when a config they are based on is no longer there (R5.5)', async () => {
    const { metadata, ...rest } = config('team', { model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' }, replicas: 2 });
    await place.admin.create({ ...rest, metadata: { ...metadata, namespace: place.namespace } });
    const qwen = await given(place, service('qwen').basedOn('team'));
    await qwen.reaches(isReady, has(kinds.httpRoute, suffixes.route));
    await qwen.change({ metadata: { annotations: { [annotations.stop]: 'true' } }, spec: { baseRefs: [{ name: 'gone' }] } });
    await qwen.reaches(
      condition('PresetsCombined', 'False', 'Stopped', /^Service is stopped with warning: /),
      condition('RouterReady', 'False', 'Stopped'),
      lacks(kinds.httpRoute, suffixes.route),
      async (actor) => expect((await actor.stored()).status).to.not.have.property('router'),
    );
  });

  it('have no status of the router without one', async () => {
    const qwen = await given(place, service('qwen').without('router'));
    await qwen.reaches(isReady, condition('RouterReady', 'True'), async (actor) =>
      expect((await actor.stored()).status).to.not.have.property('router'),
    );
  });
});

describe('a pool about which a foreign gateway complains', () => {
  let place: Place;

  before(async () => {
    const { admin } = await cluster();
    await sharedOperator();
    // Not a simulated place: nobody but the test writes a status here.
    place = { admin, namespace: await namespace('stale-parents') };
  });
  after(() => clear(place));

  it('is ready by the word of the gateway of the route (R5.94)', async () => {
    const said = (status: 'True' | 'False') => [
      { type: 'Accepted', status, reason: status === 'True' ? 'Accepted' : 'NotSupported', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ];
    const own = { parentRef: { ...defaultParent }, conditions: said('True') };
    const stale = { parentRef: { group: 'gateway.example.com', kind: 'Gateway', name: 'old', namespace: 'elsewhere' }, conditions: said('False') };
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(condition('InferencePoolReady', 'False', 'WaitingForGateway'), has(kinds.inferencePool, suffixes.inferencePool));
    const report = (...parents: object[]) => qwen.changeChild(kinds.inferencePool, suffixes.inferencePool, { status: { parents } }, 'status');
    await report(own);
    await qwen.reaches(condition('InferencePoolReady', 'True'));
    await report(stale);
    await qwen.reaches(condition('InferencePoolReady', 'False', 'WaitingForGateway'));
    await report(stale, own);
    await qwen.reaches(condition('InferencePoolReady', 'True'));
  });
});
