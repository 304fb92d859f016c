import { expect } from 'chai';
import type { HTTPRoute } from '../../../api/gateway-api.ts';
import { kinds, POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../../../api/kinds.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import type { Context } from '../../../render/children.ts';
import { renderRoute } from '../../../render/route.ts';
import { ask } from '../../support/answers.ts';
import { condition, context, defaultParent, gateway, HEADER, httpRoute, poolBackend, presetRules, service } from '../../support/router-fixtures.ts';

const parentRefs = [defaultParent];
const withRoute = (overrides: LLMInferenceServiceSpec = {}, route: object = {}): LLMInferenceServiceSpec => ({
  ...overrides,
  router: { scheduler: {}, gateway: {}, ...overrides.router, route: { http: { spec: { parentRefs, rules: presetRules('ns', 'llama') } }, ...route } },
});

function render(c: Context, objects: object[] = [], options: Parameters<typeof ask>[2] = {}) {
  return ask(renderRoute(c), [gateway(), ...objects], options);
}

function routeOf(c: Context, objects: object[] = [], options: Parameters<typeof ask>[2] = {}): HTTPRoute {
  return render(c, objects, options).stage.present[0] as HTTPRoute;
}

const rulesOf = (route: HTTPRoute) => route.spec?.rules ?? [];
const ruleNamed = (route: HTTPRoute, name: string) => rulesOf(route).find((r) => r.name === name);
const poolGroups = (route: HTTPRoute) => [
  ...new Set(rulesOf(route).flatMap((r) => (r.backendRefs ?? []).filter((b) => b.kind === 'InferencePool').map((b) => b.group))),
];
const migration = (route: HTTPRoute) => route.metadata.annotations?.['serving.kserve.io/inference-pool-migrated'];

describe('managed HTTPRoute', () => {
  it('has the identity by which clients find it (R5.27)', () => {
    const { metadata, apiVersion, kind } = routeOf(context({ spec: withRoute() }));
    expect({ apiVersion, kind, metadata }).to.deep.equal({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: {
        name: 'llama-kserve-route',
        namespace: 'ns',
        labels: {
          'app.kubernetes.io/component': 'llminferenceservice-router',
          'app.kubernetes.io/name': 'llama',
          'app.kubernetes.io/part-of': 'llminferenceservice',
        },
        ownerReferences: [
          {
            apiVersion: 'serving.kserve.io/v1alpha2',
            kind: 'LLMInferenceService',
            name: 'llama',
            uid: 'uid-of-llama',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
    });
  });

  it('is the preset route with the v1alpha2 pool at first (R5.41)', () => {
    const route = routeOf(context({ spec: withRoute() }));
    expect(rulesOf(route).map((r) => r.name)).to.deep.equal(presetRules('ns', 'llama').map((r) => r.name));
    expect(route.spec?.parentRefs).to.deep.equal(parentRefs);
    expect(rulesOf(route)[0]?.backendRefs).to.deep.equal([poolBackend('llama-inference-pool', POOL_GROUP_V1ALPHA2)]);
    expect(ruleNamed(route, 'v1-catch-all-path')?.backendRefs).to.deep.equal([
      { kind: 'Service', name: 'llama-kserve-workload-svc', port: 8000, weight: 1 },
    ]);
    expect(migration(route)).to.equal(undefined);
  });

  const unwanted: [string, Context][] = [
    ['no router', context()],
    ['no route', context({ spec: { router: { scheduler: {} } } })],
    ['route references', context({ spec: { router: { route: { http: { refs: [{ name: 'mine' }] } } } } })],
    ['a stopped service', context({ spec: withRoute(), stopped: true })],
  ];
  for (const [what, c] of unwanted) {
    it(`must be absent with ${what} (§5.5)`, () => {
      expect(render(c).stage).to.deep.equal({
        name: 'route',
        present: [],
        absent: [{ kind: kinds.httpRoute, namespace: 'ns', name: 'llama-kserve-route' }],
      });
    });
  }

  it('does not change the effective spec', () => {
    const spec = withRoute({ model: { uri: 'x', lora: { adapters: [{ uri: 'y', name: 'sql' }] } } }, { group: 'g', weight: 1 });
    const before = JSON.stringify(spec);
    routeOf(context({ spec }));
    expect(JSON.stringify(spec)).to.equal(before);
  });

  it('refuses a number of adapters that no layout holds, with a reason for the user', () => {
    const adapters = Array.from({ length: 60 }, (_, i) => ({ name: `a${i}`, uri: 'hf://x/y' }));
    const { stage } = render(context({ spec: withRoute({ model: { uri: 'x', lora: { adapters } } }) }));
    expect(stage.present).to.deep.equal([]);
    expect(stage.absent).to.deep.equal([]);
    expect(stage.rejection).to.include({ reason: 'HTTPRouteReconcileError', field: 'spec.model.lora.adapters', retry: false });
    expect(stage.rejection?.message).to.contain('60 LoRA adapters do not fit');
  });
});

describe('pool API version of the managed route', () => {
  const current = (group: string, resolvedRefs: ReturnType<typeof condition> | undefined, annotations?: Record<string, string>) =>
    httpRoute({
      name: 'llama-kserve-route',
      parentRefs,
      rules: presetRules('ns', 'llama').map((r) => ({
        ...r,
        backendRefs: (r.backendRefs ?? []).map((b) => (b.kind === 'InferencePool' ? { ...b, group } : b)),
      })),
      ...(annotations ? { annotations } : {}),
      ...(resolvedRefs ? { parents: [{ parentRef: defaultParent, conditions: [condition('Accepted', 'True'), resolvedRefs] }] } : {}),
    });

  const cases: [string, HTTPRoute, string][] = [
    ['v1alpha2 that nobody reported on', current(POOL_GROUP_V1ALPHA2, undefined), POOL_GROUP_V1ALPHA2],
    ['v1alpha2 that a gateway resolved', current(POOL_GROUP_V1ALPHA2, condition('ResolvedRefs', 'True')), POOL_GROUP_V1ALPHA2],
    ['v1alpha2 that a gateway rejects by kind', current(POOL_GROUP_V1ALPHA2, condition('ResolvedRefs', 'False', 'InvalidKind')), POOL_GROUP_V1],
    ['v1alpha2 whose pool is missing', current(POOL_GROUP_V1ALPHA2, condition('ResolvedRefs', 'False', 'BackendNotFound')), POOL_GROUP_V1ALPHA2],
    ['v1 that a gateway resolved', current(POOL_GROUP_V1, condition('ResolvedRefs', 'True')), POOL_GROUP_V1],
    ['v1 that a gateway rejects by kind', current(POOL_GROUP_V1, condition('ResolvedRefs', 'False', 'InvalidKind')), POOL_GROUP_V1ALPHA2],
    ['the migration annotation', current(POOL_GROUP_V1ALPHA2, undefined, { 'serving.kserve.io/inference-pool-migrated': 'v1' }), POOL_GROUP_V1],
  ];
  for (const [what, route, group] of cases) {
    it(`is ${group} after ${what} (R5.38)`, () => {
      const rendered = routeOf(context({ spec: withRoute() }), [route]);
      expect(poolGroups(rendered)).to.deep.equal([group]);
      expect(migration(rendered)).to.equal(group === POOL_GROUP_V1 ? 'v1' : undefined);
    });
  }

  it('is v1 at once where the v1alpha2 CRD is not installed (B5.4)', () => {
    const route = routeOf(context({ spec: withRoute() }), [], { notServed: [kinds.inferencePoolAlpha] });
    expect(poolGroups(route)).to.deep.equal([POOL_GROUP_V1]);
  });

  it('is left as written for an external pool', () => {
    const rules = presetRules('ns', 'llama').map((r) => ({
      ...r,
      backendRefs: (r.backendRefs ?? []).map((b) => (b.kind === 'InferencePool' ? { ...b, name: 'shared' } : b)),
    }));
    const spec: LLMInferenceServiceSpec = {
      router: { scheduler: { pool: { ref: { name: 'shared' } } }, route: { http: { spec: { parentRefs, rules } } } },
    };
    const route = routeOf(context({ spec }));
    expect(poolGroups(route)).to.deep.equal([POOL_GROUP_V1]);
    expect(migration(route)).to.equal(undefined);
  });

  describe('of a grouped service, whose shared rules always name v1', () => {
    const c = context({ spec: withRoute({}, { group: 'g', weight: 1 }) });
    const mixed = (resolvedRefs: ReturnType<typeof condition>): HTTPRoute => ({
      ...routeOf(c),
      status: { parents: [{ parentRef: defaultParent, conditions: [condition('Accepted', 'True'), resolvedRefs] }] },
    });

    it('goes over to v1 when a gateway resolved the whole mixture', () => {
      expect(migration(routeOf(c, [mixed(condition('ResolvedRefs', 'True'))]))).to.equal('v1');
    });

    it('does not take a missing backend in the mixture for support of v1 (B5.4)', () => {
      expect(migration(routeOf(c, [mixed(condition('ResolvedRefs', 'False', 'BackendNotFound'))]))).to.equal(undefined);
    });

    it('goes over to v1 when the kind of its own rules may be what is rejected', () => {
      expect(migration(routeOf(c, [mixed(condition('ResolvedRefs', 'False', 'InvalidKind'))]))).to.equal('v1');
    });
  });
});

describe('the managed route of a grouped service', () => {
  const grouped = (overrides: LLMInferenceServiceSpec = {}) => context({ spec: withRoute(overrides, { group: 'g', weight: 80 }) });
  const peer = service({
    name: 'peer',
    spec: { model: { uri: 'x', name: 'llama' }, router: { route: { group: 'g', weight: 20 } } },
    status: {
      conditions: [{ type: 'RouterReady', status: 'True' }],
      workloads: { primary: { kind: 'Deployment', name: 'peer-kserve', readyReplicas: 1 } },
    },
  });
  const weighted = [
    { group: POOL_GROUP_V1, kind: 'InferencePool', name: 'llama-inference-pool', port: 8000, weight: 80 },
    { group: '', kind: 'Service', name: 'peer-kserve-workload-svc', port: 8000, weight: 20 },
  ];

  it('carries the group label and the weighted backends in every shared rule (R5.105, R5.112)', () => {
    const route = routeOf(grouped(), [peer]);
    expect(route.metadata.labels?.['serving.kserve.io/routing-group']).to.equal('g');
    const own = new Set(['v1-completions-path', 'v1-chat-completions-path', 'v1-responses-path', 'v1-messages-path', 'v1-catch-all-path']);
    for (const r of rulesOf(route)) {
      if (own.has(r.name ?? '')) expect(r.backendRefs, r.name).to.have.length(1);
      else expect(r.backendRefs, r.name).to.deep.equal(weighted);
    }
  });

  it('keeps filters, matches and timeouts of the rules it rewrites', () => {
    const { backendRefs: _, ...rest } = ruleNamed(routeOf(grouped(), [peer]), 'v1-publisher-path-catch-all') ?? {};
    const { backendRefs: __, ...preset } = presetRules('ns', 'llama').find((r) => r.name === 'v1-publisher-path-catch-all') ?? {};
    expect(rest).to.deep.equal(preset);
  });

  it('leaves rules with only backends of the user alone', () => {
    const custom = { name: 'mine', matches: [{ path: { type: 'PathPrefix', value: '/docs' } }], backendRefs: [{ name: 'docs', port: 80 }] };
    const spec = withRoute({}, { group: 'g', weight: 1, http: { spec: { parentRefs, rules: [custom] } } });
    expect(rulesOf(routeOf(context({ spec }), [peer]))).to.deep.equal([custom]);
  });

  it('keeps a backend of the user beside one of ours (B5.8)', () => {
    const docs = { name: 'docs', port: 80, weight: 5 };
    const mixed = {
      name: 'mine',
      matches: [{ path: { type: 'PathPrefix', value: '/all' } }],
      backendRefs: [poolBackend('llama-inference-pool'), docs],
    };
    const spec = withRoute({}, { group: 'g', weight: 80, http: { spec: { parentRefs, rules: [mixed] } } });
    expect(rulesOf(routeOf(context({ spec }), [peer]))).to.deep.equal([{ ...mixed, backendRefs: [...weighted, docs] }]);
  });

  it('is its own only backend when the group came from a config and no peer is known (B5.1)', () => {
    const route = routeOf(grouped(), [service({ name: 'llama' })]);
    expect(ruleNamed(route, 'v1-model-routing')?.backendRefs).to.deep.equal([weighted[0]]);
  });

  it('passes the group on for the status', () => {
    const { group } = render(grouped(), [peer]);
    expect(group?.matching.map((m) => m.name)).to.deep.equal(['llama', 'peer']);
  });
});

describe('the limits of a managed route', () => {
  const peers = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      service({
        name: `peer-${i}`,
        spec: { model: { uri: 'x', name: 'llama' }, router: { route: { group: 'g', weight: 1 } } },
        status: {
          conditions: [{ type: 'RouterReady', status: 'True' }],
          workloads: { primary: { kind: 'Deployment', name: 'x', readyReplicas: 1 } },
        },
      }),
    );
  const grouped = context({ spec: withRoute({}, { group: 'g', weight: 1 }) });

  it('let a group have sixteen running members', () => {
    expect(ruleNamed(routeOf(grouped, peers(15)), 'v1-model-routing')?.backendRefs).to.have.length(16);
  });

  it('are told of, before the API server refuses the route, when there are more', () => {
    const { stage } = render(grouped, peers(16));
    expect(stage.present).to.deep.equal([]);
    expect(stage.rejection).to.deep.include({ reason: 'HTTPRouteReconcileError', field: 'spec.router.route.group', retry: false });
    expect(stage.rejection?.message).to.equal(
      'a rule of an HTTPRoute has at most 16 backends, and the routing group needs 17. Stop members, or divide the group.',
    );
  });
});

describe('time-outs of the managed route (B5.23)', () => {
  const [preset = {}] = presetRules('ns', 'llama');
  const timeouts = { request: '30s', backendRequest: '0s' };
  const chosen = { ...preset, name: 'chosen', timeouts };
  const http = { http: { spec: { parentRefs, rules: [preset, chosen] } } };
  const timeoutsOf = (disableRouteTimeouts: boolean) =>
    rulesOf(routeOf(context({ spec: withRoute({}, http), ingress: { disableRouteTimeouts } }))).map((r) => r.timeouts);

  it('are those of the preset', () => expect(timeoutsOf(false)).to.deep.equal([preset.timeouts, timeouts]));
  it('are left out where they say nothing and the gateway knows none', () => expect(timeoutsOf(true)).to.deep.equal([undefined, timeouts]));
});

describe('model-based routing of the managed route', () => {
  const optingOut = gateway({ name: 'plain', annotations: { 'serving.kserve.io/model-based-routing-enabled': 'false' } });
  const attached = { router: { gateway: { refs: [{ name: 'plain', namespace: 'kserve' }] } } };
  const annotation = (value: string) => ({ annotations: { 'serving.kserve.io/model-based-routing-enabled': value } });
  const modes = ['enabled', 'forced', 'disabled'] as const;

  const table: [string, (typeof modes)[number], LLMInferenceServiceSpec, boolean][] = [
    ...modes.map((mode): [string, typeof mode, LLMInferenceServiceSpec, boolean] => ['service says false', mode, annotation('false'), false]),
    ...modes.map((mode): [string, typeof mode, LLMInferenceServiceSpec, boolean] => ['service says True', mode, annotation('True'), false]),
    ...modes.map((mode): [string, typeof mode, LLMInferenceServiceSpec, boolean] => ['service says nothing', mode, { annotations: {} }, false]),
    ['service says true', 'disabled', {}, false],
    ['a gateway says false', 'forced', attached, true],
    ['a gateway says false', 'enabled', attached, false],
    ['nobody objects', 'enabled', {}, true],
  ];
  for (const [what, mode, overrides, on] of table) {
    it(`is ${on ? 'on' : 'off'} in mode ${mode} when ${what} (R5.125)`, () => {
      const route = routeOf(context({ spec: withRoute(overrides), ingress: { modelBasedRoutingMode: mode } }), [optingOut]);
      const carrying = rulesOf(route).flatMap((r) => (r.matches ?? []).filter((m) => m.headers?.some((h) => h.name === HEADER)));
      expect(carrying.length).to.equal(on ? 9 : 0);
      expect(rulesOf(route).length).to.equal(on ? 12 : 10);
    });
  }

  it('is off when the parent the route is attached to objects, named as reference or not (B5.13)', () => {
    const http = { http: { spec: { parentRefs: [{ name: 'plain', namespace: 'kserve' }], rules: presetRules('ns', 'llama') } } };
    expect(ruleNamed(routeOf(context({ spec: withRoute({}, http) }), [optingOut]), 'v1-model-routing')).to.equal(undefined);
  });

  it('is on when a gateway that might object cannot be read', () => {
    const refs = { router: { gateway: { refs: [{ name: 'gone' }, { name: 'plain', namespace: 'kserve' }] } } };
    expect(ruleNamed(routeOf(context({ spec: withRoute(refs) }), [optingOut]), 'v1-model-routing')).to.not.equal(undefined);
  });

  it('is off without a header name, and leaves the rules as they are', () => {
    const route = routeOf(context({ spec: withRoute(), ingress: { modelBasedRoutingHeaderName: '' } }));
    expect(rulesOf(route).length).to.equal(12);
  });
});
