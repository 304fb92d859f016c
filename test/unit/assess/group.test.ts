import { expect } from 'chai';
import type { LLMInferenceService, LLMInferenceServiceSpec, LLMInferenceServiceStatus } from '../../../api/types.ts';
import { assessGroup, finalizationPending, peersInTheWay, refersTo } from '../../../assess/group.ts';
import { groupsToWake } from '../../../assess/group-fan-out.ts';
import type { GroupMember, RoutingGroup } from '../../../render/routing-group.ts';
import { ask } from '../../support/answers.ts';
import { httpRoute, poolBackend, rule, service, serviceBackend } from '../../support/router-fixtures.ts';

const member = (name: string, models: string[], overrides: Partial<GroupMember> = {}): GroupMember => ({
  name,
  weight: 10,
  stopped: false,
  models,
  backend: { group: '', kind: 'Service', name: `${name}-kserve-workload-svc`, port: 8000 },
  ...overrides,
});
const group = (matching: GroupMember[], divergent: GroupMember[] = []): RoutingGroup => ({ name: 'g', matching, divergent });

describe('conditions of a routing group (R5.115)', () => {
  it('are ready and not degraded when all members agree', () => {
    expect(assessGroup(group([member('a', ['m'])]))).to.deep.equal({
      conditions: [
        { type: 'GroupReady', status: 'True' },
        { type: 'GroupDegraded', clear: true },
      ],
      events: [],
    });
  });

  const divergent = group([member('a', ['m'])], [member('b', ['n', 'x']), member('c', ['k']), member('d', ['k'])]);
  const message = 'group has members with different model sets: k, n+x';

  it('are degraded when members diverge, which is told as long as it is so', () => {
    const { conditions, events } = assessGroup(divergent);
    expect(conditions).to.deep.equal([
      { type: 'GroupReady', status: 'True' },
      { type: 'GroupDegraded', status: 'True', reason: 'MemberDivergence', message },
    ]);
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ type: 'Warning', reason: 'MemberDivergence' });
    expect(events[0]?.message).to.contain('"g"').and.to.contain('members have divergent model.name or LoRA adapter sets');
  });

  it('are degraded when nobody takes traffic (B5.9)', () => {
    const idle = group([member('a', ['m'], { weight: 0 }), member('b', ['m'], { stopped: true })]);
    expect(assessGroup(idle).conditions[1]).to.include({ type: 'GroupDegraded', status: 'True', reason: 'NoWeight' });
  });
});

describe('deletion of a group member (R5.118)', () => {
  const grouped: LLMInferenceServiceSpec = { router: { route: { group: 'g', weight: 1 } } };
  const leaving = service({ name: 'leaving', spec: grouped, deletionTimestamp: '2026-01-01T00:00:00Z' });
  const soon = Date.parse('2026-01-01T00:00:05Z');
  const referring = (peer: string) => httpRoute({ name: `${peer}-kserve-route`, rules: [rule('/', serviceBackend('leaving-kserve-workload-svc'))] });
  const peer = (name: string, overrides: object = {}) => service({ name, spec: grouped, ...overrides });
  const waitsFor = (objects: object[], now = soon, who: LLMInferenceService = leaving) => ask(peersInTheWay(who, now), [who, ...objects]);

  it('waits for members whose route refers to it, sorted', () => {
    expect(waitsFor([peer('z'), referring('z'), peer('a'), referring('a'), peer('done'), httpRoute({ name: 'done-kserve-route' })])).to.deep.equal([
      'a',
      'z',
    ]);
  });

  const passes: [string, object[], LLMInferenceService?, number?][] = [
    ['a member without route', [peer('a')]],
    ['a member that is being deleted too', [peer('a', { deletionTimestamp: '2026-01-01T00:00:00Z' }), referring('a')]],
    ['another group', [peer('a', { spec: { router: { route: { group: 'h' } } } }), referring('a')]],
    ['no group of its own', [peer('a'), referring('a')], service({ name: 'leaving', spec: {} })],
    ['ten minutes gone (B5.11)', [peer('a'), referring('a')], leaving, Date.parse('2026-01-01T00:10:01Z')],
  ];
  for (const [what, objects, who, now] of passes) {
    it(`does not wait with ${what}`, () => expect(waitsFor(objects, now, who)).to.deep.equal([]));
  }

  it('finds references to the pool or the workload Service in any rule, by kind', () => {
    const refers = (backend: ReturnType<typeof serviceBackend>) => refersTo(httpRoute({ rules: [rule('/a'), rule('/b', backend)] }), 'leaving');
    expect(refers(poolBackend('leaving-inference-pool'))).to.equal(true);
    expect(refers(serviceBackend('leaving-kserve-workload-svc'))).to.equal(true);
    expect(refers(serviceBackend('leaving-inference-pool'))).to.equal(false);
    expect(refers(serviceBackend('other'))).to.equal(false);
  });

  it('says whom it waits for (R5.119)', () => {
    expect(finalizationPending(['a'])).to.deep.equal([
      { type: 'GroupReady', status: 'False', reason: 'FinalizationPending', message: 'waiting for member a to remove backendRef before deletion' },
      { type: 'GroupDegraded', clear: true },
    ]);
    expect(finalizationPending(['a', 'b'])[0]).to.include({ message: 'waiting for members a, b to remove backendRef before deletion' });
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
    ['create without group', undefined, service({ name: 's', spec: {} }), []],
  ];
  for (const [what, old, now, groups] of wakes) {
    it(`wakes ${groups.length > 0 ? `group ${groups.join(' and ')}` : 'nobody'} on ${what}`, () =>
      expect(groupsToWake(old, now)).to.deep.equal(groups));
  }
});
