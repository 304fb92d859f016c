import { expect } from 'chai';
import type { Gateway, HTTPRoute, RouteParentStatus } from '../../../api/gateway-api.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { assessGateways, isGatewayReady } from '../../../assess/gateways.ts';
import { assessRoutes, explainRoute } from '../../../assess/routes.ts';
import { condition, context, gateway, httpRoute, programmed } from '../../support/router-fixtures.ts';

describe('readiness of a Gateway (5.22.4)', () => {
  const table: [string, Gateway, boolean][] = [
    ['Programmed True', gateway({ conditions: [programmed] }), true],
    ['Programmed False', gateway({ conditions: [condition('Programmed', 'False')] }), false],
    ['Programmed Unknown', gateway({ conditions: [condition('Programmed', 'Unknown')] }), false],
    ['no conditions', gateway(), false],
    ['only Accepted', gateway({ conditions: [condition('Accepted', 'True')] }), false],
    ['Programmed True of an older generation', gateway({ generation: 2, conditions: [condition('Programmed', 'True', '', 1)] }), false],
    ['Programmed True without observed generation', gateway({ generation: 2, conditions: [condition('Programmed', 'True', '', 0)] }), true],
  ];
  for (const [what, gw, ready] of table) it(`is ${ready} with ${what}`, () => expect(isGatewayReady(gw)).to.equal(ready));
});

describe('GatewaysReady (R5.82)', () => {
  const refs = context({ spec: { router: { gateway: { refs: [{ name: 'a' }] } } } });
  it('is absent without references', () => {
    for (const router of [undefined, {}, { gateway: {} }, { gateway: { refs: [] } }]) {
      const c = context({ spec: router ? { router } : {} });
      expect(assessGateways(c, [gateway()])).to.deep.equal({ type: 'GatewaysReady', clear: true });
    }
  });
  it('is False for a stopped service, also without router', () => {
    expect(assessGateways(context({ stopped: true }), [])).to.deep.equal({
      type: 'GatewaysReady',
      status: 'False',
      reason: 'Stopped',
      message: 'Service is stopped',
    });
  });
  it('is True when all are programmed', () => {
    expect(assessGateways(refs, [gateway({ conditions: [programmed] })])).to.deep.equal({ type: 'GatewaysReady', status: 'True' });
  });
  it('names those that are not', () => {
    const gateways = [
      gateway({ name: 'a', namespace: 'ns' }),
      gateway({ name: 'b', conditions: [programmed] }),
      gateway({ name: 'c', namespace: 'x' }),
    ];
    expect(assessGateways(refs, gateways)).to.deep.equal({
      type: 'GatewaysReady',
      status: 'False',
      reason: 'GatewaysNotReady',
      message: 'The following Gateways are not ready: [ns/a x/c]',
    });
  });
});

const one = { name: 'one', namespace: 'gw' };
const two = { name: 'two', namespace: 'gw' };
const good = (parentRef: RouteParentStatus['parentRef']): RouteParentStatus => ({
  parentRef,
  conditions: [condition('Accepted', 'True', 'Accepted'), condition('ResolvedRefs', 'True', 'ResolvedRefs')],
});
const policy = (parentRef: RouteParentStatus['parentRef']): RouteParentStatus => ({
  parentRef,
  conditions: [condition('kuadrant.io/AuthPolicy', 'True')],
});
const rejected: RouteParentStatus = {
  parentRef: one,
  conditions: [condition('Accepted', 'False', 'NoMatchingParent'), condition('ResolvedRefs', 'True')],
};

describe('readiness of a route (5.22.5)', () => {
  const table: [string, HTTPRoute, string | undefined][] = [
    ['no parents', httpRoute(), 'the route has no parent gateway'],
    ['no status', httpRoute({ parentRefs: [one] }), 'not accepted yet by gw/one'],
    ['one good parent', httpRoute({ parentRefs: [one], parents: [good(one)] }), undefined],
    ['a policy controller beside the gateway', httpRoute({ parentRefs: [one], parents: [policy(one), good(one)] }), undefined],
    ['two good parents', httpRoute({ parentRefs: [one, two], parents: [good(one), good(two)] }), undefined],
    ['Accepted False', httpRoute({ parentRefs: [one], parents: [rejected] }), '"False" (reason "NoMatchingParent", message "")'],
    ['a parent without entry', httpRoute({ parentRefs: [one, two], parents: [good(one)] }), 'not accepted yet by gw/two'],
    [
      'a parent with only a policy controller',
      httpRoute({ parentRefs: [one, two], parents: [good(one), policy(two)] }),
      'not accepted yet by gw/two',
    ],
    ['only a policy controller', httpRoute({ parentRefs: [one], parents: [policy(one)] }), 'not accepted yet by gw/one'],
    [
      'ResolvedRefs missing',
      httpRoute({ parentRefs: [one], parents: [{ parentRef: one, conditions: [condition('Accepted', 'True')] }] }),
      '"Unknown" (reason "ConditionMissing", message "ResolvedRefs is not reported")',
    ],
    [
      'Accepted of an older generation',
      httpRoute({
        generation: 5,
        parentRefs: [one],
        parents: [{ parentRef: one, conditions: [condition('Accepted', 'True', 'Accepted', 3), condition('ResolvedRefs', 'True', '', 5)] }],
      }),
      '"True" (reason "Accepted", message "") of an older generation',
    ],
    ['a stale entry of a gateway that is no longer a parent (B5.18)', httpRoute({ parentRefs: [two], parents: [rejected, good(two)] }), undefined],
    [
      'parents that match after defaulting (R5.89)',
      httpRoute({
        namespace: 'gw',
        parentRefs: [{ name: 'one' }],
        parents: [good({ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'one', namespace: 'gw' })],
      }),
      undefined,
    ],
    [
      'an entry of another section',
      httpRoute({ parentRefs: [{ ...one, sectionName: 'a' }], parents: [good({ ...one, sectionName: 'b' })] }),
      'not accepted yet by gw/one',
    ],
  ];
  for (const [what, route, problem] of table) {
    it(`${problem ? 'is not given' : 'is given'} with ${what}`, () => expect(explainRoute(route)).to.equal(problem));
  }
});

describe('HTTPRoutesReady (R5.86)', () => {
  const managed: LLMInferenceServiceSpec = { router: { route: { http: { spec: {} } } } };
  it('is absent without router, route or http', () => {
    for (const spec of [{}, { router: {} }, { router: { route: {} } }]) {
      expect(assessRoutes(context({ spec }), [])).to.deep.equal({ type: 'HTTPRoutesReady', clear: true });
    }
  });
  it('is False for a stopped service', () => expect(assessRoutes(context({ stopped: true }), [])).to.include({ status: 'False', reason: 'Stopped' }));
  it('is True without routes to look at', () => {
    const c = context({ spec: { router: { route: { http: { refs: [{ name: 'gone' }] } } } } });
    expect(assessRoutes(c, [])).to.deep.equal({ type: 'HTTPRoutesReady', status: 'True' });
  });
  it('is False while the managed route is missing (B5.19)', () => {
    expect(assessRoutes(context({ spec: managed }), [])).to.include({
      reason: 'HTTPRoutesNotReady',
      message: 'The following HTTPRoutes are not ready: [ns/llama-kserve-route: the route does not exist]',
    });
  });
  it('carries the reason of the gateway', () => {
    const change = assessRoutes(context({ spec: managed }), [httpRoute({ parentRefs: [one], parents: [rejected] }), httpRoute({ name: 'other' })]);
    expect(change).to.include({
      status: 'False',
      reason: 'HTTPRoutesNotReady',
      message:
        'The following HTTPRoutes are not ready: [ns/route: "False" (reason "NoMatchingParent", message "") ns/other: the route has no parent gateway]',
    });
  });
});
