import { expect } from 'chai';
import type { HTTPRoute } from '../../../api/gateway-api.ts';
import { kinds, POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../../../api/kinds.ts';
import type { LLMInferenceServiceSpec, LLMInferenceServiceStatus } from '../../../api/types.ts';
import { hadMigrated, outlivesRoute } from '../../../render/pool-migration.ts';
import { renderRoute } from '../../../render/route.ts';
import { ask } from '../../support/answers.ts';
import { condition, context, defaultParent, gateway, httpRoute, presetRules } from '../../support/router-fixtures.ts';

const MARK = { 'serving.kserve.io/inference-pool-migrated': 'v1' };
const remembered: LLMInferenceServiceStatus = { annotations: MARK };
const routeName = 'llama-kserve-route';
const migratedRoute = httpRoute({ name: routeName, annotations: MARK });

const acceptedBy = { parentRef: { name: 'gw' }, conditions: [condition('Accepted', 'True')] };
const refusedBy = { parentRef: { name: 'gw' }, conditions: [condition('Accepted', 'False')] };
const placeholder = { parentRef: { kind: 'Status', name: 'default' }, conditions: [condition('Accepted', 'True')] };
const v1 = (...parents: object[]) => ({ ...kinds.inferencePool, metadata: { name: 'llama-inference-pool', namespace: 'ns' }, status: { parents } });
const alpha = (...parent: object[]) => ({
  ...kinds.inferencePoolAlpha,
  metadata: { name: 'llama-inference-pool', namespace: 'ns' },
  status: { parent },
});

describe('the decision for v1 pools, when the managed route goes (B5.4)', () => {
  const cases: [string, boolean, object[], LLMInferenceServiceStatus?][] = [
    ['the route had gone over and no gateway takes v1alpha2', true, [migratedRoute, v1(acceptedBy), alpha(placeholder)]],
    ['the route had gone over and a gateway refuses v1alpha2', true, [migratedRoute, alpha(refusedBy)]],
    ['the route had gone over where there is no v1alpha2 pool', true, [migratedRoute]],
    ['the route had gone over and a gateway takes both', false, [migratedRoute, v1(acceptedBy), alpha(acceptedBy)]],
    ['the route had not gone over', false, [httpRoute({ name: routeName }), v1(acceptedBy), alpha(placeholder)]],
    ['there is no route', false, [v1(acceptedBy)]],
    ['the status remembers, and the route is gone', true, [], remembered],
  ];
  for (const [what, expected, objects, status] of cases) {
    it(`is ${expected ? '' : 'not '}kept when ${what}`, () =>
      expect(ask(outlivesRoute(context(status ? { status } : {})), objects)).to.equal(expected));
  }
});

describe('the decision for v1 pools, when there is no managed route (B5.4)', () => {
  const listing = (name: string): LLMInferenceServiceStatus => ({
    router: {
      gateways: [
        { group: 'g', kind: 'Gateway', name: 'gw', namespace: 'ns', httpRoutes: [{ group: 'g', kind: 'HTTPRoute', name, namespace: 'ns' }] },
      ],
    },
  });
  const cases: [string, boolean, object[], LLMInferenceServiceStatus?][] = [
    ['the status remembers', true, [], remembered],
    ['the service is new', false, [v1(), alpha(placeholder)]],
    ['a listed route is gone and gateways take v1 only', true, [v1(acceptedBy), alpha(placeholder)], listing(routeName)],
    ['a listed route is gone and a gateway takes both', false, [v1(acceptedBy), alpha(acceptedBy)], listing(routeName)],
    ['a listed route is gone and no gateway takes v1', false, [v1(refusedBy), alpha(placeholder)], listing(routeName)],
    ['a route of the user led to the v1 pool', false, [v1(acceptedBy), alpha(placeholder)], listing('platform-route')],
  ];
  for (const [what, expected, objects, status] of cases) {
    it(`is ${expected ? 'v1' : 'open'} when ${what}`, () => expect(ask(hadMigrated(context(status ? { status } : {})), objects)).to.equal(expected));
  }

  const spec: LLMInferenceServiceSpec = {
    router: { scheduler: {}, gateway: {}, route: { http: { spec: { parentRefs: [defaultParent], rules: presetRules('ns', 'llama') } } } },
  };
  const begins = (status: LLMInferenceServiceStatus | undefined, objects: object[] = []) => {
    const { stage } = ask(renderRoute(context({ spec, ...(status ? { status } : {}) })), [gateway(), ...objects]);
    const { metadata, spec: rendered } = stage.present[0] as HTTPRoute;
    return { group: rendered?.rules?.[0]?.backendRefs?.[0]?.group, annotations: metadata.annotations };
  };

  it('lets a new route begin with v1, for good', () => {
    expect(begins(remembered)).to.deep.equal({ group: POOL_GROUP_V1, annotations: MARK });
    expect(begins(undefined)).to.deep.equal({ group: POOL_GROUP_V1ALPHA2, annotations: undefined });
  });

  it('does not count while there is a route that says otherwise', () => {
    const route = httpRoute({ name: routeName, parentRefs: [defaultParent], rules: presetRules('ns', 'llama') });
    expect(begins(remembered, [route]).group).to.equal(POOL_GROUP_V1ALPHA2);
  });
});
