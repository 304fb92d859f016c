import { expect } from 'chai';
import type { ObservedCondition } from '../../../api/gateway-api.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec, LLMInferenceServiceStatus } from '../../../api/types.ts';
import { assessGroup } from '../../../assess/group.ts';
import { groupsToWake } from '../../../assess/group-fan-out.ts';
import type { GroupMember, RoutingGroup } from '../../../render/routing-group.ts';
import { condition, defaultParent, httpRoute, service } from '../../support/router-fixtures.ts';

const member = (name: string, models: string[], overrides: Partial<GroupMember> = {}): GroupMember => ({
  name,
  weight: 10,
  stopped: false,
  models,
  backend: { group: '', kind: 'Service', name: `${name}-kserve-workload-svc`, port: 8000 },
  refused: false,
  ...overrides,
});
/** The group as the first of these sees it. */
const group = (matching: [GroupMember, ...GroupMember[]], divergent: GroupMember[] = [], waiting: GroupMember[] = []): RoutingGroup => ({
  name: 'g',
  self: matching[0],
  matching,
  divergent,
  waiting,
});
const GENERATION = 3;
const ok = [condition('Accepted', 'True', 'Accepted', GENERATION), condition('ResolvedRefs', 'True', 'ResolvedRefs', GENERATION)];
/** The managed route, with what a gateway says about it. */
const route = (conditions: ObservedCondition[] | undefined = ok, controllerName = 'istio.io/gateway-controller') =>
  httpRoute({
    name: 'a-kserve-route',
    generation: GENERATION,
    parentRefs: [defaultParent],
    ...(conditions.length > 0 ? { parents: [{ parentRef: defaultParent, controllerName, conditions }] } : {}),
  });
const told = (of: RoutingGroup, about = route()) => {
  const [ready, degraded] = assessGroup(of, about).conditions;
  return { ready, degraded };
};

describe('conditions of a routing group (R5.115)', () => {
  it('are ready and not degraded when all members agree', () => {
    expect(assessGroup(group([member('a', ['m'])]), route())).to.deep.equal({
      conditions: [
        { type: 'GroupReady', status: 'True' },
        { type: 'GroupDegraded', clear: true },
      ],
      events: [],
    });
  });

  const message = 'group has members with different model sets: k, n+x';

  it('are degraded when members diverge, which is told as long as it is so', () => {
    const divergent = group([member('a', ['m'])], [member('b', ['n', 'x']), member('c', ['k']), member('d', ['k'])]);
    const { conditions, events } = assessGroup(divergent, route());
    expect(conditions).to.deep.equal([
      { type: 'GroupReady', status: 'True' },
      { type: 'GroupDegraded', status: 'True', reason: 'MemberDivergence', message },
    ]);
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ type: 'Warning', reason: 'MemberDivergence' });
    expect(events[0]?.message).to.contain('"g"').and.to.contain('members have divergent model.name or LoRA adapter sets');
  });

  it('say which names divergent members have in common, for the oldest route takes all of their requests', () => {
    const stopped = member('c', ['m', 'z'], { stopped: true });
    const overlapping = group([member('a', ['m', 'x'])], [member('b', ['m', 'y']), stopped]);
    expect(told(overlapping).degraded).to.deep.include({
      reason: 'MemberDivergence',
      message: 'group has members with different model sets: m+y, m+z; requests for m all go to the members of the oldest route',
    });
  });

  it('are degraded when nobody takes traffic (B5.9)', () => {
    const idle = group([member('a', ['m'], { weight: 0 }), member('b', ['m'], { stopped: true })]);
    expect(told(idle).degraded).to.include({ type: 'GroupDegraded', status: 'True', reason: 'NoWeight' });
  });

  it('are not degraded while the members with a weight are not ready yet', () => {
    const { ready, degraded } = told(group([member('a', ['m'], { weight: 0 })], [], [member('b', ['m'])]));
    expect(degraded).to.deep.equal({ type: 'GroupDegraded', clear: true });
    expect(ready).to.deep.include({ status: 'True', message: 'left out until ready: b, and nobody else has a weight' });
  });

  it('say who is left out', () => {
    const { ready } = told(group([member('a', ['m'])], [], [member('b', ['m']), member('c', ['m'])]));
    expect(ready).to.deep.equal({ type: 'GroupReady', status: 'True', message: 'left out until ready: b, c' });
  });
});

describe('what a gateway says about the rules of a group (B5.12)', () => {
  const place = 'kserve/kserve-ingress-gateway';
  const own = 'the gateway does not follow the rules of a as they stand';
  const alone = group([member('a', ['m'])]);
  const answer = (type: string, reason: string, observedGeneration?: number) => [
    ...ok.filter((other) => other.type !== type),
    { ...condition(type, 'False', reason, observedGeneration), message: 'no such thing' },
  ];
  const notDegraded = { type: 'GroupDegraded', clear: true };

  it('is in the message as long as it has not answered, and nowhere else', () => {
    const stale = ok.map((c) => ({ ...c, observedGeneration: GENERATION - 1 }));
    for (const [silent, words] of [
      [route([]), `not accepted yet by ${place}`],
      [route(stale), '"True" (reason "Accepted", message "") of an older generation'],
      [route(answer('Accepted', 'Pending', GENERATION)), '"False" (reason "Pending", message "no such thing")'],
      [
        route(answer('ResolvedRefs', 'BackendNotFound', GENERATION - 1)),
        '"False" (reason "BackendNotFound", message "no such thing") of an older generation',
      ],
      [route(answer('ResolvedRefs', 'BackendNotFound')), '"False" (reason "BackendNotFound", message "no such thing")'],
    ] as const) {
      expect(told(alone, silent).ready).to.deep.equal({ type: 'GroupReady', status: 'True', message: `${own}: ${words}` });
      expect(told(alone, silent).degraded).to.deep.equal(notDegraded);
    }
  });

  for (const [type, reason, degradedBy, what] of [
    ['ResolvedRefs', 'BackendNotFound', 'BackendResolutionFailed', 'backends of a'],
    ['Accepted', 'NotAllowedByListeners', 'RouteRefused', 'rules of a'],
  ] as const) {
    it(`degrades the group when it refuses them: ${reason}`, () => {
      const { conditions, events } = assessGroup(alone, route(answer(type, reason, GENERATION)));
      const message = `${what}: ${place} says ${reason}: no such thing`;
      expect(conditions[0]).to.deep.include({ type: 'GroupReady', status: 'True' });
      expect(conditions[1]).to.deep.equal({ type: 'GroupDegraded', status: 'True', reason: degradedBy, message });
      expect(events).to.deep.equal([{ type: 'Warning', reason: degradedBy, message: `routing group "g": ${message}` }]);
    });
  }

  it('comes after what members say about themselves', () => {
    const refused = route(answer('Accepted', 'NoMatchingParent', GENERATION));
    expect(told(group([member('a', ['m'])], [member('b', ['n'])]), refused).degraded).to.include({ reason: 'MemberDivergence' });
    expect(told(group([member('a', ['m'], { weight: 0 })]), refused).degraded).to.include({ reason: 'NoWeight' });
  });

  it('does not count when it is about a parent that the route no longer has', () => {
    const { status, ...rest } = route(answer('Accepted', 'NoMatchingParent', GENERATION));
    const former = (status?.parents ?? []).map((parent) => ({ ...parent, parentRef: { ...parent.parentRef, name: 'former' } }));
    const now = { ...rest, status: { parents: [...former, ...(route().status?.parents ?? [])] } };
    expect(told(alone, now)).to.deep.equal({ ready: { type: 'GroupReady', status: 'True' }, degraded: notDegraded });
  });

  it('is told of other members, too', () => {
    const others = group([member('a', ['m']), member('b', ['m'], { refused: true })], [], [member('c', ['m'], { refused: true })]);
    expect(told(others).ready).to.deep.include({ message: 'a gateway refuses the rules of b, c; left out until ready: c' });
    expect(told(others).degraded).to.deep.equal(notDegraded);
  });

  describe('with several InferencePools', () => {
    const pooled = (name: string, overrides: Partial<GroupMember> = {}) =>
      member(name, ['m'], {
        backend: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: `${name}-inference-pool`, port: 8000 },
        ...overrides,
      });
    it('is a hint, where it is not known to share traffic among them', () => {
      const { ready } = told(group([pooled('a'), pooled('b'), member('c', ['m'])]), route(ok, 'example.com/gateway-controller'));
      const hint = 'which is known to work with Istio only: try it with example.com/gateway-controller';
      expect(ready).to.deep.include({ message: `2 InferencePools share the rules by weight, ${hint}` });
    });
    for (const [what, of, controller] of [
      ['with Istio', group([pooled('a'), pooled('b')]), 'istio.io/gateway-controller'],
      ['with a single pool', group([pooled('a'), pooled('b', { stopped: true }), member('c', ['m'])]), 'example.com/gateway-controller'],
      ['while no gateway has answered', group([pooled('a'), pooled('b')]), ''],
    ] as const) {
      it(`is nothing ${what}`, () => expect(told(of, route(ok, controller)).ready).to.deep.equal({ type: 'GroupReady', status: 'True' }));
    }
  });
});

describe('fan-out to peers (R5.122, R5.123)', () => {
  const spec: LLMInferenceServiceSpec = { model: { uri: 'x', name: 'm' }, router: { route: { group: 'a', weight: 10 } } };
  const status: LLMInferenceServiceStatus = {
    conditions: [{ type: 'RouterReady', status: 'True' }],
    workloads: { primary: { kind: 'Deployment', name: 'x', readyReplicas: 1 } },
  };
  const before = service({ name: 's', spec, status });
  const changed = (change: { spec?: LLMInferenceServiceSpec; status?: LLMInferenceServiceStatus; annotations?: Record<string, string> }) =>
    service({
      name: 's',
      spec: { ...spec, ...change.spec },
      status: { ...status, ...change.status },
      ...(change.annotations ? { annotations: change.annotations } : {}),
    });
  const replicas = (readyReplicas: number): LLMInferenceServiceStatus => ({
    workloads: { primary: { kind: 'Deployment', name: 'x', readyReplicas } },
  });
  const ready = status.conditions ?? [];
  const atZero = (reason: string): LLMInferenceServiceStatus => ({
    ...replicas(0),
    conditions: [...ready, { type: 'ScalingReady', status: 'True', reason }],
    router: { scheduler: { inferencePool: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'p' } } },
  });
  const waiting = (readyReplicas: number, reason = 'HTTPRoutesNotReady') =>
    changed({ status: { ...replicas(readyReplicas), conditions: [{ type: 'RouterReady', status: 'False', reason }] } });
  const routed = (route: object, scheduler?: object): LLMInferenceServiceSpec => ({ router: { route, ...(scheduler ? { scheduler } : {}) } });

  const wakes: [string, LLMInferenceService | undefined, LLMInferenceService | undefined, string[]][] = [
    ['create', undefined, before, ['a']],
    ['delete', before, undefined, ['a']],
    ['termination', before, service({ name: 's', spec, status, deletionTimestamp: '2026-01-01T00:00:00Z' }), ['a']],
    ['group added', changed({ spec: { router: { route: {} } } }), before, ['a']],
    ['group removed', before, changed({ spec: { router: { route: {} } } }), ['a']],
    ['group switched', before, changed({ spec: routed({ group: 'b', weight: 10 }) }), ['a', 'b']],
    ['weight', before, changed({ spec: routed({ group: 'a', weight: 20 }) }), ['a']],
    ['stop', before, changed({ annotations: { 'serving.kserve.io/stop': 'true' } }), ['a']],
    ['model name', before, changed({ spec: { model: { uri: 'x', name: 'n' } } }), ['a']],
    ['adapters', before, changed({ spec: { model: { uri: 'x', name: 'm', lora: { adapters: [{ name: 'z', uri: 'y' }] } } } }), ['a']],
    ['baseRefs', before, changed({ spec: { baseRefs: [{ name: 'c' }] } }), ['a']],
    ['scheduler added', before, changed({ spec: routed({ group: 'a', weight: 10 }, {}) }), ['a']],
    [
      'pool reference changed',
      changed({ spec: routed({ group: 'a', weight: 10 }, { pool: { ref: { name: 'p' } } }) }),
      changed({ spec: routed({ group: 'a', weight: 10 }, { pool: { ref: { name: 'q' } } }) }),
      ['a'],
    ],
    ['routability lost', before, changed({ status: replicas(0) }), ['a']],
    ['routability gained', changed({ status: replicas(0) }), before, ['a']],
    ['published names', before, changed({ status: { addresses: [{ models: [{ name: 'other' }] }] } }), ['a']],
    ['replicas 1 to 3', before, changed({ status: replicas(3) }), []],
    ['unchanged names that are now published', before, changed({ status: { addresses: [{ models: [{ name: 'm' }] }] } }), []],
    ['nothing', before, changed({}), []],
    ['going to zero on purpose and coming back', changed({ status: atZero('ScaledToZero') }), changed({ status: atZero('ScaledFromZero') }), []],
    [
      'refusal by a gateway',
      before,
      changed({ status: { conditions: [...ready, { type: 'GroupDegraded', status: 'True', reason: 'RouteRefused' }] } }),
      ['a'],
    ],
    ['a route that waits, and then replicas lost as well', waiting(1), waiting(0), ['a']],
    ['a route that waits, and then a pool, too', waiting(1), waiting(1, 'InferencePoolNotReady'), ['a']],
    ['something else that keeps it from being ready', waiting(1, 'InferencePoolNotReady'), waiting(1, 'WaitingForGateway'), []],
    ['create without group', undefined, service({ name: 's', spec: {} }), []],
  ];
  for (const [what, old, now, groups] of wakes) {
    it(`wakes ${groups.length > 0 ? `group ${groups.join(' and ')}` : 'nobody'} on ${what}`, () =>
      expect(groupsToWake(old, now)).to.deep.equal(groups));
  }
});
