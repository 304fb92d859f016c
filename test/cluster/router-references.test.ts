import { expect } from 'chai';
import type { HTTPRoute } from '../../api/gateway-api.ts';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { annotations, labels } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import type { RouterSpec } from '../../api/types.ts';
import { namespace } from '../support/cluster.ts';
import { service } from '../support/manifests.ts';
import { coreService, gateway, httpRoute, listener, rule, serviceBackend } from '../support/router-fixtures.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { clear, condition, given, has, hasChildren, hasNoCondition, isReady, lacks, type Place } from '../support/story.ts';

describe('what the router of a service refers to', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
  });
  beforeEach(async () => {
    place = await openPlace('references');
  });
  afterEach(() => clear(place));

  const create = (object: KubeObject) => place.admin.create(object);
  const gatewayNamed = (name: string, options: Parameters<typeof gateway>[0] = {}) => gateway({ name, namespace: place.namespace, ...options });
  const ownRoute = (name: string, parents: readonly string[]) =>
    httpRoute({
      name,
      namespace: place.namespace,
      ...(parents.length === 0 ? {} : { parentRefs: parents.map((parent) => ({ name: parent })) }),
      rules: [rule('/mine', serviceBackend('qwen-kserve-workload-svc'))],
    });
  const routed = (router: RouterSpec) => given(place, service('qwen').with({ router }));
  const parentsOf = (child: KubeObject) => (child as HTTPRoute).spec?.parentRefs;

  for (const [what, ref] of [
    ['with a namespace', () => ({ name: 'edge', namespace: place.namespace })],
    ['without a namespace', () => ({ name: 'edge' })],
  ] as const) {
    it(`is waited for: a gateway ${what} (R5.26)`, async () => {
      const qwen = await routed({ route: {}, gateway: { refs: [ref()] }, scheduler: {} });
      const message = `Gateway ${place.namespace}/edge does not exist`;
      await qwen.reaches(
        condition('GatewaysReady', 'False', 'RefsInvalid', message),
        condition('RouterReady', 'False', 'RefsInvalid', message),
        condition('Ready', 'False'),
        lacks(kinds.httpRoute, suffixes.route),
      );
      const told = async () => (await qwen.events()).filter(({ reason }) => reason === 'Error').map(({ count }) => count);
      await qwen.reaches(async () => expect(await told()).to.deep.equal([1]));
      await create(gatewayNamed('edge'));
      await qwen.reaches(
        isReady,
        condition('GatewaysReady', 'True'),
        has(kinds.httpRoute, suffixes.route, (child) =>
          expect(parentsOf(child)).to.deep.equal([{ group: 'gateway.networking.k8s.io', kind: 'Gateway', ...ref() }]),
        ),
      );
      expect(await told()).to.deep.equal([1]);
    });
  }

  it('is waited for: an own route, then its parent (R5.22)', async () => {
    const qwen = await routed({ route: { http: { refs: [{ name: 'mine' }] } } });
    await qwen.reaches(
      condition('HTTPRoutesReady', 'False', 'RefsInvalid', `HTTPRoute ${place.namespace}/mine does not exist`),
      condition('RouterReady', 'False', 'RefsInvalid'),
      hasNoCondition('GatewaysReady'),
    );
    await create(ownRoute('mine', ['edge']));
    const failed = `HTTPRoute target validation failed: HTTPRoute ${place.namespace}/mine`;
    await qwen.reaches(condition('HTTPRoutesReady', 'False', 'RefsInvalid', `${failed} references non-existent Gateway ${place.namespace}/edge`));
    await create(gatewayNamed('edge'));
    await qwen.reaches(isReady, async (actor) => expect((await actor.stored()).status?.url).to.equal('http://192.0.2.10/mine'));
    await place.admin.patch(kinds.httpRoute, place.namespace, 'mine', { spec: { parentRefs: null } });
    await qwen.reaches(condition('HTTPRoutesReady', 'False', 'RefsInvalid', `${failed} has no parent gateway references`));
  });

  it('is named by the gateway first, when both are missing (R5.26)', async () => {
    const qwen = await routed({ route: { http: { refs: [{ name: 'mine' }] } }, gateway: { refs: [{ name: 'edge' }] } });
    await qwen.reaches(
      condition('RouterReady', 'False', 'RefsInvalid', `Gateway ${place.namespace}/edge does not exist`),
      hasNoCondition('HTTPRoutesReady'),
    );
  });

  it('is waited for: the parent of a route spec, which keeps its own backends', async () => {
    const spec = { parentRefs: [{ name: 'edge' }], rules: [rule('/custom', serviceBackend('other'))] };
    const qwen = await routed({ route: { http: { spec } }, gateway: {}, scheduler: {} });
    const message = `Managed HTTPRoute references non-existent Gateway ${place.namespace}/edge`;
    await qwen.reaches(condition('HTTPRoutesReady', 'False', 'RefsInvalid', message), condition('RouterReady', 'False', 'RefsInvalid', message));
    await create(gatewayNamed('edge'));
    await qwen.reaches(
      condition('HTTPRoutesReady', 'True'),
      has(kinds.httpRoute, suffixes.route, (child) => {
        const { parentRefs, rules } = (child as HTTPRoute).spec ?? {};
        expect(parentRefs?.map(({ name }) => name)).to.deep.equal(['edge']);
        expect(rules?.flatMap(({ backendRefs }) => backendRefs?.map(({ kind, name }) => `${kind}/${name}`))).to.deep.equal(['Service/other']);
      }),
    );
  });

  it('is not asked for by a stopped service, which loses its route all the same (B5.21)', async () => {
    await create(gatewayNamed('edge'));
    const qwen = await routed({ route: {}, gateway: { refs: [{ name: 'edge' }] } });
    await qwen.reaches(isReady);
    await place.admin.delete(kinds.gateway, place.namespace, 'edge');
    await qwen.reaches(condition('GatewaysReady', 'False', 'RefsInvalid'), has(kinds.httpRoute, suffixes.route));
    await qwen.annotate(annotations.stop, 'true');
    await qwen.reaches(condition('GatewaysReady', 'False', 'Stopped'), condition('RouterReady', 'False', 'Stopped'), hasChildren([]));
  });

  it('takes the place of the managed route, which is deleted, and gives it back (R5.45)', async () => {
    await create(gatewayNamed('edge'));
    await create(ownRoute('mine', ['edge']));
    const qwen = await routed({ route: {}, gateway: {} });
    await qwen.reaches(isReady, has(kinds.httpRoute, suffixes.route));
    await qwen.change({ spec: { router: { route: { http: { refs: [{ name: 'mine' }] } }, gateway: { refs: [{ name: 'edge' }] } } } });
    await qwen.reaches(isReady, lacks(kinds.httpRoute, suffixes.route), condition('GatewaysReady', 'True'), async (actor) => {
      const [seen, ...others] = (await actor.stored()).status?.router?.gateways ?? [];
      expect(others).to.deep.equal([]);
      expect(seen?.name).to.equal('edge');
      expect(seen?.httpRoutes?.map(({ name }) => name)).to.deep.equal(['mine']);
    });
    const { metadata } = (await place.admin.get(kinds.httpRoute, place.namespace, 'mine')) ?? {};
    expect(metadata?.ownerReferences).to.equal(undefined);

    await qwen.change({ spec: { router: { route: { http: null }, gateway: null } } });
    await qwen.reaches(isReady, has(kinds.httpRoute, suffixes.route), hasNoCondition('GatewaysReady'));
  });

  it('is a listener that has to exist (R5.54)', async () => {
    await create(gatewayNamed('edge'));
    const qwen = await routed({ route: {}, gateway: { refs: [{ name: 'edge', sectionName: 'public' }] } });
    const message = `Failed to reconcile HTTPRoute: listener "public" not found in gateway ${place.namespace}/edge`;
    await qwen.reaches(condition('HTTPRoutesReady', 'False', 'HTTPRouteReconcileError', message));
    const listeners = [listener('http', 'HTTP', 80), listener('public', 'HTTP', 8080)];
    await place.admin.patch(kinds.gateway, place.namespace, 'edge', { spec: { listeners } });
    await qwen.reaches(isReady, async (actor) => {
      const { url, router } = (await actor.stored()).status ?? {};
      expect(url).to.equal(`http://192.0.2.10:8080/${place.namespace}/qwen`);
      expect(router?.gateways?.[0]?.listeners).to.deep.equal(['public']);
    });
  });

  it('is a gateway that has to be programmed, in its present generation (R5.84, B5.19)', async () => {
    const elsewhere = await namespace('gateways');
    await create(gateway({ name: 'edge', namespace: elsewhere }));
    const say = async (programmed: 'True' | 'False', observedGeneration: number) => {
      const said = { type: 'Programmed', status: programmed, reason: 'Programmed', message: '', observedGeneration };
      const conditions = [{ ...said, lastTransitionTime: '2026-01-01T00:00:00Z' }];
      await place.admin.patch(kinds.gateway, elsewhere, 'edge', { status: { conditions } }, 'status');
    };
    const qwen = await routed({ route: {}, gateway: { refs: [{ name: 'edge', namespace: elsewhere }] } });
    const waiting = condition('GatewaysReady', 'False', 'GatewaysNotReady', `The following Gateways are not ready: [${elsewhere}/edge]`);
    await qwen.reaches(waiting, condition('RouterReady', 'False', 'GatewaysNotReady'), condition('HTTPRoutesReady', 'True'));
    await say('True', 1);
    await qwen.reaches(isReady, condition('GatewaysReady', 'True'));
    await place.admin.patch(kinds.gateway, elsewhere, 'edge', { spec: { listeners: [listener('http', 'HTTP', 8080)] } });
    await qwen.reaches(waiting);
    await say('True', 2);
    await qwen.reaches(isReady);
    await say('False', 2);
    await qwen.reaches(waiting);
  });

  it('is the Service behind a gateway, which may come later and may be elsewhere (B5.16, B5.25)', async () => {
    const elsewhere = await namespace('envoy');
    await create(gatewayNamed('edge'));
    const qwen = await routed({ route: {}, gateway: { refs: [{ name: 'edge' }] } });
    const hosts = async () => [...new Set(((await qwen.stored()).status?.addresses ?? []).map(({ url = '' }) => new URL(url).hostname))];
    await qwen.reaches(isReady, async () => expect(await hosts()).to.deep.equal(['192.0.2.10']));

    const made = { [labels.envoyGatewayName]: 'edge', [labels.envoyGatewayNamespace]: place.namespace };
    await create(coreService('envoy-edge', elsewhere, { labels: made, ports: [80] }) as object as KubeObject);
    await qwen.reaches(async () => expect(await hosts()).to.deep.equal(['192.0.2.10', `envoy-edge.${elsewhere}.svc.cluster.local`]));
    await create(coreService('edge', place.namespace, { ports: [80] }) as object as KubeObject);
    await qwen.reaches(async () => expect(await hosts()).to.deep.equal(['192.0.2.10', `edge.${place.namespace}.svc.cluster.local`]));
    await place.admin.delete(kinds.coreService, place.namespace, 'edge');
    await place.admin.delete(kinds.coreService, elsewhere, 'envoy-edge');
    await qwen.reaches(async () => expect(await hosts()).to.deep.equal(['192.0.2.10']));
  });

  it('is a pool of somebody else, whose every change counts (R5.95)', async () => {
    const external = { pool: { ref: { name: 'theirs' } } };
    const qwen = await routed({ route: {}, gateway: {}, scheduler: external });
    const message = new RegExp(`failed to fetch referenced Inference Pool ${place.namespace}/theirs`);
    await qwen.reaches(
      condition('InferencePoolReady', 'False', 'InferencePoolFetchError', message),
      condition('RouterReady', 'False', 'InferencePoolFetchError', message),
      hasNoCondition('HTTPRoutesReady'),
    );
    await create({
      apiVersion: kinds.inferencePool.apiVersion,
      kind: 'InferencePool',
      metadata: { name: 'theirs', namespace: place.namespace },
      spec: {
        selector: { matchLabels: { app: 'theirs' } },
        targetPorts: [{ number: 8000 }],
        endpointPickerRef: { name: 'their-picker', port: { number: 9002 } },
      },
    });
    await qwen.reaches(isReady, condition('InferencePoolReady', 'True'), async (actor) => {
      const { inferencePool, service: picker } = (await actor.stored()).status?.router?.scheduler ?? {};
      expect([inferencePool?.name, picker?.name]).to.deep.equal(['theirs', 'qwen-epp-service']);
    });
    await qwen.reaches(
      has(kinds.httpRoute, suffixes.route, (child) => {
        const pools = ((child as HTTPRoute).spec?.rules ?? []).flatMap(({ backendRefs = [] }) =>
          backendRefs.filter(({ kind }) => kind === 'InferencePool'),
        );
        expect([...new Set(pools.map(({ group, name }) => `${group}/${name}`))]).to.deep.equal(['inference.networking.k8s.io/theirs']);
      }),
    );
  });
});
