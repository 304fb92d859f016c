import { expect } from 'chai';
import type { HTTPRoute } from '../../../api/gateway-api.ts';
import { isRejection, type Rejection, reject } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { type Distribution, plainKubernetes } from '../../../assess/distribution.ts';
import { assessReadiness, assessRouter, routeService } from '../../../assess/router.ts';
import type { DiscoveredUrl } from '../../../assess/urls.ts';
import type { Context } from '../../../render/children.ts';
import { ask } from '../../support/answers.ts';
import {
  condition,
  context,
  defaultParent,
  gateway,
  httpRoute,
  listener,
  presetRules,
  programmed,
  rule,
  serviceBackend,
} from '../../support/router-fixtures.ts';

const spec: LLMInferenceServiceSpec = {
  router: { gateway: {}, scheduler: {}, route: { http: { spec: { parentRefs: [defaultParent], rules: presetRules('ns', 'llama') } } } },
};
const edge = gateway({ addresses: ['inference.apps.example.com'], conditions: [programmed] });

/** Plans, pretends that the server took the route as it was rendered, and assesses. */
function pass(c: Context, objects: object[] = [edge], status?: HTTPRoute['status'], distribution?: Distribution) {
  const plan = ask(routeService(c), objects);
  const rendered = plan.stage?.present[0] as HTTPRoute | undefined;
  const managed = rendered && status ? { ...rendered, status } : rendered;
  const routing = ask(assessRouter(c, managed, plan.group, distribution), objects);
  const readiness = routing.rejection ?? ask(assessReadiness(c, routing), objects);
  const conditions = isRejection(readiness) ? routing.conditions : [...routing.conditions, ...readiness.conditions];
  const rejection = isRejection(readiness) ? readiness : readiness.rejection;
  return { plan, assessment: { ...routing, conditions, rejection } };
}

const accepted = { parents: [{ parentRef: defaultParent, conditions: [condition('Accepted', 'True'), condition('ResolvedRefs', 'True')] }] };

describe('the router of a service', () => {
  it('publishes the three URL families of the preset route (R5.73)', () => {
    const { status } = pass(context({ spec })).assessment;
    const base = 'http://inference.apps.example.com';
    expect(status?.addresses?.map(({ url }) => url)).to.deep.equal([`${base}/`, `${base}/ns/llama`, `${base}/publishers/ns/models/llama`]);
    expect(status?.url).to.equal(`${base}/ns/llama`);
    expect(status?.router?.gateways?.[0]).to.include({ name: 'kserve-ingress-gateway', namespace: 'kserve' });
    expect(status?.router?.scheduler?.inferencePool?.name).to.equal('llama-inference-pool');
  });

  it('is ready once the gateway accepted the route', () => {
    const conditions = pass(context({ spec }), [edge], accepted).assessment.conditions;
    expect(conditions).to.have.deep.members([
      { type: 'GatewaysReady', clear: true },
      { type: 'HTTPRoutesReady', status: 'True' },
      {
        type: 'InferencePoolReady',
        status: 'False',
        reason: 'InferencePoolFetchError',
        message: 'Inference Pool ns/llama-inference-pool not found (checked v1 and v1alpha2)',
      },
      { type: 'GroupReady', clear: true },
      { type: 'GroupDegraded', clear: true },
    ]);
  });

  it('stops at references to nothing, and waits for them to appear', () => {
    const plan = ask(routeService(context({ spec })), []);
    expect(plan.stage).to.equal(undefined);
    expect(plan.rejection).to.include({ reason: 'RefsInvalid', retry: false });
    expect(plan.rejection?.message).to.equal('Managed HTTPRoute references non-existent Gateway kserve/kserve-ingress-gateway');
  });

  it('hands on a route that cannot be rendered, for the scheduler comes first (R5.3)', () => {
    const adapters = Array.from({ length: 60 }, (_, i) => ({ name: `a${i}`, uri: 'x' }));
    const plan = ask(routeService(context({ spec: { ...spec, model: { uri: 'x', lora: { adapters } } } })), [edge]);
    expect(plan.rejection).to.equal(undefined);
    expect(plan.stage?.rejection).to.include({ reason: 'HTTPRouteReconcileError', retry: false });
  });

  it('judges neither gateways nor routes when the external pool cannot be read (R5.3)', () => {
    const router = { ...spec.router, scheduler: { pool: { ref: { name: 'theirs' } } } };
    const { conditions, rejection, status } = pass(context({ spec: { router } })).assessment;
    expect(rejection).to.include({ reason: 'InferencePoolFetchError' });
    expect(conditions.map(({ type }) => type)).to.deep.equal(['GroupReady', 'GroupDegraded', 'InferencePoolReady']);
    expect(status?.addresses).to.have.length(3);
  });

  it('reports a listener that is not there, and leaves the status alone', () => {
    const parentRefs = [{ ...defaultParent, sectionName: 'nope' }];
    const c = context({ spec: { router: { route: { http: { spec: { parentRefs, rules: [] } } } } } });
    const { assessment } = pass(c);
    expect(assessment.status).to.equal(undefined);
    expect(assessment.conditions).to.deep.equal([
      {
        type: 'HTTPRoutesReady',
        status: 'False',
        reason: 'HTTPRouteReconcileError',
        message: 'Failed to reconcile HTTPRoute: listener "nope" not found in gateway kserve/kserve-ingress-gateway',
      },
      { type: 'GroupReady', clear: true },
      { type: 'GroupDegraded', clear: true },
    ]);
  });

  it('settles the group as soon as the route is written, whatever becomes of the addresses (R5.115)', () => {
    const http = { spec: { parentRefs: [{ ...defaultParent, sectionName: 'nope' }], rules: [] } };
    const published = { gateways: [], group: { name: 'former', members: [] } };
    const c = context({
      spec: { router: { route: { http, group: 'g', weight: 70 } } },
      status: { url: 'http://old/', addresses: [{ url: 'http://old/' }], router: published },
    });
    const { status, conditions } = pass(c).assessment;
    expect(conditions.map(({ type }) => type)).to.deep.equal(['HTTPRoutesReady', 'GroupReady', 'GroupDegraded']);
    const backendRef = { group: '', kind: 'Service', name: 'llama-kserve-workload-svc', port: 8000 };
    expect(status).to.deep.equal({
      url: 'http://old/',
      addresses: [{ url: 'http://old/' }],
      router: { gateways: [], group: { name: 'g', members: [{ name: 'llama', weight: 70, backendRef }] } },
    });
  });

  it('advertises nothing while the gateway has neither address nor Service', () => {
    const { status, rejection } = pass(context({ spec }), [gateway()]).assessment;
    expect(rejection).to.equal(undefined);
    expect(status).to.have.all.keys('router');
  });

  it('keeps only status.url of a stopped service (R5.75)', () => {
    const c = context({ spec, stopped: true, status: { url: 'http://old/', addresses: [{ url: 'http://old/' }], router: { gateways: [] } } });
    const { plan, assessment } = pass(c, []);
    expect(plan.stage?.absent).to.have.length(1);
    expect(assessment.status).to.deep.equal({ url: 'http://old/' });
    expect(assessment.conditions).to.have.deep.members([
      { type: 'GatewaysReady', status: 'False', reason: 'Stopped', message: 'Service is stopped' },
      { type: 'HTTPRoutesReady', status: 'False', reason: 'Stopped', message: 'Service is stopped' },
      { type: 'InferencePoolReady', status: 'False', reason: 'Stopped', message: 'Service is stopped' },
      { type: 'GroupReady', clear: true },
      { type: 'GroupDegraded', clear: true },
    ]);
  });

  it('advertises the workload Service without route, and no topology', () => {
    for (const router of [undefined, { scheduler: {} }]) {
      const c = context({ spec: router ? { router } : {}, status: { url: 'http://old/', router: { gateways: [] } } });
      const { status, conditions } = pass(c).assessment;
      expect(status).to.deep.equal({ addresses: [{ url: 'https://llama-kserve-workload-svc.ns.svc.cluster.local' }], url: 'http://old/' });
      expect(conditions.filter((change) => !('clear' in change)).map(({ type }) => type)).to.deep.equal(router ? ['InferencePoolReady'] : []);
    }
  });

  it('discovers own routes before the managed one and resolves their gateways', () => {
    const other = gateway({ name: 'other', namespace: 'ns', addresses: ['203.0.113.9'], listeners: [listener('https', 'HTTPS', 443)] });
    const mine = httpRoute({ name: 'mine', parentRefs: [{ name: 'other' }], rules: [rule('/mine', serviceBackend('x'))] });
    const c = context({ spec: { router: { route: { http: { refs: [{ name: 'mine' }] } } } } });
    const { plan, assessment } = pass(c, [edge, other, mine]);
    expect(plan.stage?.present).to.deep.equal([]);
    expect(assessment.status?.url).to.equal('https://203.0.113.9/mine');
    expect(assessment.status?.router?.gateways).to.have.length(1);
  });

  it('judges the gateways named by reference also without a route (B5.19)', () => {
    const c = context({ spec: { router: { gateway: { refs: [{ name: 'a' }, { name: 'b' }] } } } });
    const objects = [gateway({ name: 'a', namespace: 'ns', conditions: [programmed] }), gateway({ name: 'b', namespace: 'ns' })];
    expect(pass(c, objects).assessment.conditions.find(({ type }) => type === 'GatewaysReady')).to.include({
      reason: 'GatewaysNotReady',
      message: 'The following Gateways are not ready: [ns/b]',
    });
  });

  it('shows the group of a grouped service', () => {
    const route = { ...spec.router?.route, group: 'g', weight: 70 };
    const { assessment } = pass(context({ spec: { router: { ...spec.router, route } } }));
    expect(assessment.status?.router?.group).to.deep.equal({
      name: 'g',
      members: [
        {
          name: 'llama',
          weight: 70,
          backendRef: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llama-inference-pool', port: 8000 },
        },
      ],
    });
    const message = 'the gateway does not follow the rules of llama as they stand: not accepted yet by kserve/kserve-ingress-gateway';
    expect(assessment.conditions[0]).to.deep.equal({ type: 'GroupReady', status: 'True', message });
  });

  describe('in a distribution that has URLs of its own (R5.68)', () => {
    const having = (more: readonly DiscoveredUrl[] | Rejection): Distribution => ({
      ...plainKubernetes,
      // biome-ignore lint/correctness/useYield: there is nothing to ask
      *discoverUrls() {
        return more;
      },
    });
    const origin = { group: 'route.openshift.io', kind: 'Route', name: 'edge', namespace: 'ingress' };
    const url = {
      url: 'https://apps.example.com/ns/llama',
      scheme: 'https',
      host: 'apps.example.com',
      path: '/ns/llama',
      modelRouting: false,
      origin,
    } as const;

    it('publishes them among the others, with their origin', () => {
      const { addresses = [], url: primary } = pass(context({ spec }), [edge], undefined, having([url])).assessment.status ?? {};
      expect(addresses.map((address) => address.origin?.kind)).to.deep.equal(['Gateway', 'Gateway', 'Gateway', 'Route']);
      expect(addresses.at(-1)?.origin).to.deep.equal(origin);
      expect(primary).to.equal('http://inference.apps.example.com/ns/llama');
    });
    it('fails with what they fail with', () => {
      const { conditions, rejection } = pass(context({ spec }), [edge], undefined, having(reject('Broken', 'no way to the host'))).assessment;
      expect(rejection?.message).to.equal('failed to discover additional URLs: no way to the host');
      expect(conditions[0]).to.include({ type: 'HTTPRoutesReady', reason: 'HTTPRouteReconcileError' });
    });
  });

  it('comes to the same status in the next pass', () => {
    const first = pass(context({ spec }), [edge], accepted).assessment.status;
    const { router, addresses, url } = first ?? {};
    const status = { ...(router ? { router } : {}), ...(addresses ? { addresses: [...addresses] } : {}), ...(url ? { url } : {}) };
    expect(pass(context({ spec, status }), [edge], accepted).assessment.status).to.deep.equal(first);
  });
});
