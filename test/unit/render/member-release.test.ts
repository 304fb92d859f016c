import { expect } from 'chai';
import type { HTTPRoute } from '../../../api/gateway-api.ts';
import type { BackendRef, HTTPRouteRule, LLMInferenceService, LLMInferenceServiceSpec } from '../../../api/types.ts';
import type { Context } from '../../../render/children.ts';
import { releaseMember, waysTo } from '../../../render/member-release.ts';
import { renderRoute } from '../../../render/route.ts';
import { ask } from '../../support/answers.ts';
import {
  context,
  defaultParent,
  gateway,
  httpRoute,
  poolBackend,
  presetRules,
  rule,
  service,
  serviceBackend,
} from '../../support/router-fixtures.ts';

const workload = (name: string) => serviceBackend(`${name}-kserve-workload-svc`);
const grouped = (router: LLMInferenceServiceSpec['router'] = {}): LLMInferenceServiceSpec => ({
  router: { ...router, route: { ...router.route, group: 'g', weight: 20 } },
});
const withPool = (pool: string) => grouped({ scheduler: { pool: { ref: { name: pool } } } });
const stays = service({ name: 'stays', spec: grouped() });

describe('ways to a member of a group (R5.118, B5.11)', () => {
  const published = (name: string) => ({ router: { scheduler: { inferencePool: { group: 'x', kind: 'InferencePool', name } } } });
  const leads = (backend: BackendRef, member: LLMInferenceService = service({ name: 'goes', spec: grouped() }), staying = [stays]) =>
    waysTo(member, staying)(backend);

  const cases: [string, BackendRef, boolean, LLMInferenceService?, LLMInferenceService[]?][] = [
    ['its default pool', poolBackend('goes-inference-pool'), true],
    ['its workload Service', workload('goes'), true],
    ['its workload Service, by name alone', { name: 'goes-kserve-workload-svc' }, true],
    ['a Service with the name of its pool', serviceBackend('goes-inference-pool'), false],
    ['a pool with the name of its Service', poolBackend('goes-kserve-workload-svc'), false],
    ['another member', workload('stays'), false],
    ['its external pool', poolBackend('own'), true, service({ name: 'goes', spec: withPool('own') })],
    ['an external pool that a config gave it', poolBackend('own'), true, service({ name: 'goes', spec: {}, status: published('own') })],
    [
      'an external pool that another member uses, too',
      poolBackend('both'),
      false,
      service({ name: 'goes', spec: withPool('both') }),
      [service({ name: 'stays', spec: withPool('both') })],
    ],
    [
      'its own pool when another member uses that',
      poolBackend('goes-inference-pool'),
      false,
      service({ name: 'goes', spec: grouped({ scheduler: {} }) }),
      [service({ name: 'stays', spec: withPool('goes-inference-pool') })],
    ],
  ];
  for (const [what, backend, expected, member, staying] of cases) {
    it(`${expected ? 'include' : 'do not include'} ${what}`, () => expect(leads(backend, member, staying)).to.equal(expected));
  }
});

describe('the route of a peer without a member (B5.11)', () => {
  const leadsTo = waysTo(service({ name: 'goes', spec: grouped() }), [stays]);
  const release = (rules: HTTPRouteRule[], peer = stays) => releaseMember(httpRoute({ rules }), peer, leadsTo);
  const shared = (...backendRefs: BackendRef[]): HTTPRouteRule => ({ ...rule('/shared'), backendRefs });

  it('is as it was when no rule leads to it', () => {
    expect(release([rule('/a'), shared(workload('stays'))])).to.equal(undefined);
    expect(releaseMember(httpRoute(), stays, leadsTo)).to.equal(undefined);
  });

  it('loses its backends in every rule, and keeps everything else', () => {
    const rules = [rule('/a', workload('stays')), shared(workload('goes'), workload('stays')), shared(workload('stays'), workload('goes'))];
    expect(release(rules)).to.deep.equal([rules[0], shared(workload('stays')), shared(workload('stays'))]);
  });

  it('has the peer itself where nothing would be left, with its weight', () => {
    const [released] = release([shared(workload('goes'))]) ?? [];
    expect(released?.backendRefs).to.deep.equal([{ group: '', ...workload('stays'), weight: 20 }]);
  });

  it('keeps a backend that the peer asks for in its own spec', () => {
    const own = rule('/mirror', workload('goes'));
    const peer = service({ name: 'stays', spec: grouped({ route: { http: { spec: { rules: [own] } } } }) });
    expect(release([own, shared(workload('stays'))], peer)).to.equal(undefined);
  });

  it('is what the next pass of the peer makes of it', () => {
    const status = {
      conditions: [{ type: 'RouterReady', status: 'True' as const }],
      workloads: { primary: { kind: 'Deployment' as const, name: 'x', readyReplicas: 1 } },
    };
    const spec: LLMInferenceServiceSpec = {
      model: { uri: 'x', name: 'm' },
      router: {
        route: { group: 'g', weight: 20, http: { spec: { parentRefs: [defaultParent], rules: presetRules('ns', 'stays', 'm') } } },
        gateway: {},
      },
    };
    const member = (overrides: object) => service({ name: 'goes', spec: { model: { uri: 'x', name: 'm' }, ...grouped() }, status, ...overrides });
    const routeBeside = (goes: LLMInferenceService): HTTPRoute => {
      const c: Context = context({ name: 'stays', spec });
      return ask(renderRoute(c), [gateway(), goes]).stage.present[0] as HTTPRoute;
    };
    const before = routeBeside(member({}));
    const after = routeBeside(member({ deletionTimestamp: '2026-01-01T00:00:00Z' }));
    expect(before.spec?.rules).not.to.deep.equal(after.spec?.rules);
    expect(releaseMember(before, service({ name: 'stays', spec: grouped() }), leadsTo)).to.deep.equal(after.spec?.rules);
  });
});
