import { expect } from 'chai';
import type { LLMInferenceService, LLMInferenceServiceSpec, LLMInferenceServiceStatus, WorkloadReference } from '../../../api/types.ts';
import { isParticipantRule, isUnderParticipantPath } from '../../../render/backends.ts';
import type { Context } from '../../../render/children.ts';
import {
  backendOf,
  isEligiblePeer,
  isRoutable,
  isSharedRule,
  type RoutingGroup,
  resolveGroup,
  routingGroupOf,
  weightedBackends,
} from '../../../render/routing-group.ts';
import { ask } from '../../support/answers.ts';
import { config } from '../../support/manifests.ts';
import { context, header, rule, service, serviceBackend } from '../../support/router-fixtures.ts';

const workload = (readyReplicas?: number): WorkloadReference => ({
  kind: 'Deployment',
  name: 'x',
  ...(readyReplicas === undefined ? {} : { readyReplicas }),
});
const running: LLMInferenceServiceStatus = { conditions: [{ type: 'RouterReady', status: 'True' }], workloads: { primary: workload(1) } };
const inGroup = (group: string, weight: number, model?: LLMInferenceServiceSpec['model']): LLMInferenceServiceSpec => ({
  ...(model ? { model } : {}),
  router: { route: { group, weight } },
});
const member = (name: string, overrides: Parameters<typeof service>[0] = {}): LLMInferenceService =>
  service({ name, spec: inGroup('g', 10, { uri: 'x', name: 'm' }), status: running, ...overrides });
const STOP = { 'serving.kserve.io/stop': 'TRUE' };
const resolve = (self: Context, services: readonly LLMInferenceService[], configs: readonly object[] = []): RoutingGroup =>
  ask(resolveGroup(self, 'g', services), configs);

describe('eligibility of a peer (5.22.9)', () => {
  const out: [string, LLMInferenceService][] = [
    ['terminating', member('a', { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['not ready', member('a', { status: { ...running, conditions: [{ type: 'RouterReady', status: 'False' }] } })],
    ['without workload status', member('a', { status: { conditions: [{ type: 'RouterReady', status: 'True' }] } })],
    ['with zero primary replicas', member('a', { status: { ...running, workloads: { primary: workload(0) } } })],
    ['with zero prefill replicas', member('a', { status: { ...running, workloads: { primary: workload(1), prefill: workload(0) } } })],
    ['with a scheduler without count', member('a', { status: { ...running, workloads: { primary: workload(1), scheduler: workload() } } })],
    ['terminating and stopped', member('a', { annotations: STOP, deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ];
  for (const [what, peer] of out) it(`is not given when it is ${what}`, () => expect(isEligiblePeer(peer, false)).to.equal(false));

  it('is given when it runs', () => expect(isEligiblePeer(member('a'), false)).to.equal(true));
  it('is given when it is stopped, without workloads', () =>
    expect(isEligiblePeer(member('a', { annotations: STOP, status: {} }), false)).to.equal(true));
});

describe('a peer whose replicas are away on purpose (B5.9)', () => {
  const pool = { inferencePool: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'p' } };
  const at = (ready: number | undefined, prefill: number | undefined, reasons: Record<string, string>, router: object = { scheduler: pool }) => ({
    conditions: [
      { type: 'RouterReady', status: 'True' as const },
      ...Object.entries(reasons).map(([type, reason]) => ({ type, status: 'True' as const, reason })),
    ],
    workloads: { primary: workload(ready), ...(prefill === undefined ? {} : { prefill: workload(prefill) }), scheduler: workload(1) },
    router,
  });
  const [away, back] = ['ScaledToZero', 'ScaledFromZero'];
  const table: [string, LLMInferenceServiceStatus, boolean][] = [
    ['went to zero', at(0, undefined, { ScalingReady: away }), true],
    ['comes back', at(0, undefined, { ScalingReady: back }), true],
    ['has both phases at zero', at(0, 0, { ScalingReady: away, PrefillScalingReady: away }), true],
    ['has one phase back', at(2, 0, { ScalingReady: '', PrefillScalingReady: back }), true],
    ['lost the replicas of its other phase', at(0, 0, { ScalingReady: away, PrefillScalingReady: '' }), false],
    ['lost its replicas', at(0, undefined, { ScalingReady: '' }), false],
    ['has no endpoint picker to hold requests', at(0, undefined, { ScalingReady: away }, {}), false],
    ['has none that runs', { ...at(0, undefined, { ScalingReady: away }), workloads: { primary: workload(0), scheduler: workload(0) } }, false],
  ];
  for (const [what, status, routable] of table) {
    it(`${routable ? 'gets' : 'gets no'} traffic when it ${what}`, () => expect(isRoutable(member('a', { status }))).to.equal(routable));
  }
});

describe('a peer that takes part already', () => {
  const unready = (reason: string, readyReplicas = 1): LLMInferenceServiceStatus => ({
    conditions: [{ type: 'RouterReady', status: 'False', reason }],
    workloads: { primary: workload(readyReplicas) },
  });
  const published = (...names: string[]): LLMInferenceServiceStatus => ({
    router: { group: { name: 'g', members: names.map((name) => ({ name, weight: 10 })) } },
  });
  const matching = (peerStatus: LLMInferenceServiceStatus, ownStatus: LLMInferenceServiceStatus, overrides: object = {}) => {
    const self = context({ name: 'self', spec: inGroup('g', 80, { uri: 'x', name: 'm' }), status: ownStatus });
    return resolve(self, [member('a', { status: peerStatus, ...overrides })]).matching.map(({ name }) => name);
  };

  it('stays while its own route waits for the gateway', () => {
    expect(matching(unready('HTTPRoutesNotReady'), published('a', 'self'))).to.deep.equal(['a', 'self']);
  });
  const gone: [string, string[]][] = [
    ['it does not take part yet', matching(unready('HTTPRoutesNotReady'), published('self'))],
    ['it took part in another group', matching(unready('HTTPRoutesNotReady'), { router: { group: { ...published('a').router?.group, name: 'h' } } })],
    [
      'it was stopped',
      matching(unready('HTTPRoutesNotReady'), { router: { group: { name: 'g', members: [{ name: 'a', weight: 10, stopped: true }] } } }),
    ],
    ['its pool is not ready', matching(unready('InferencePoolNotReady'), published('a', 'self'))],
    ['it does not run', matching(unready('HTTPRoutesNotReady', 0), published('a', 'self'))],
    ['it is being deleted', matching(unready('HTTPRoutesNotReady'), published('a'), { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ];
  for (const [what, names] of gone) it(`is left out when ${what}`, () => expect(names).to.deep.equal(['self']));
});

describe('backend of a member (R5.109)', () => {
  const published = { group: 'inference.networking.k8s.io', name: 'p' };
  it('is the external pool with the v1alpha2 group', () => {
    const spec = { router: { scheduler: { pool: { ref: { name: 'shared' } } } } };
    expect(backendOf('a', spec, published)).to.deep.equal({
      group: 'inference.networking.x-k8s.io',
      kind: 'InferencePool',
      name: 'shared',
      port: 8000,
    });
  });
  it('is the published pool with its own group', () => {
    expect(backendOf('a', {}, published)).to.deep.equal({ ...published, kind: 'InferencePool', port: 8000 });
  });
  it('is the workload Service otherwise', () => {
    expect(backendOf('a', {}, undefined)).to.deep.equal({ group: '', kind: 'Service', name: 'a-kserve-workload-svc', port: 8000 });
    expect(backendOf('', {}, undefined)).to.include({ kind: 'Service', name: '-kserve-workload-svc' });
  });
});

describe('resolving a routing group', () => {
  const self = (overrides: Parameters<typeof context>[0] = {}) =>
    context({ name: 'self', spec: inGroup('g', 80, { uri: 'x', name: 'm' }), ...overrides });
  const names = (members: readonly { name: string }[]) => members.map(({ name }) => name);

  it('sorts members by name and leaves out other groups and ungrouped services', () => {
    const others = [member('z'), member('a'), member('other', { spec: inGroup('h', 1) }), service({ name: 'lone', status: running })];
    expect(names(resolve(self(), others).matching)).to.deep.equal(['a', 'self', 'z']);
  });

  it('always has self, from the effective spec, ready or not', () => {
    const group = resolve(self(), [service({ name: 'self', status: {} })]);
    expect(group.matching).to.deep.equal([
      {
        name: 'self',
        weight: 80,
        stopped: false,
        models: ['m'],
        backend: { group: '', kind: 'Service', name: 'self-kserve-workload-svc', port: 8000 },
        refused: false,
      },
    ]);
    expect(group.self).to.equal(group.matching[0]);
  });

  it('knows who would be there if it were ready, and who is refused by a gateway (B5.12)', () => {
    const unready = { conditions: [{ type: 'RouterReady', status: 'False' as const }] };
    const refused = {
      ...running,
      conditions: [...(running.conditions ?? []), { type: 'GroupDegraded', status: 'True' as const, reason: 'RouteRefused' }],
    };
    const others = [
      member('z', { status: unready }),
      member('a', { status: {} }),
      member('going', { status: unready, deletionTimestamp: '2026-01-01T00:00:00Z' }),
      member('odd', { status: unready, spec: inGroup('g', 1, { uri: 'x', name: 'n' }) }),
      member('b', { status: refused }),
    ];
    const group = resolve(self(), others);
    expect(names(group.waiting)).to.deep.equal(['a', 'z']);
    expect(group.matching.map(({ name, refused: is }) => [name, is])).to.deep.equal([
      ['b', true],
      ['self', false],
    ]);
  });

  describe('whose members have models from configs (B5.10)', () => {
    const base = config('base', { model: { uri: '', name: 'm' }, router: { route: { weight: 7 } } });
    const configs = [{ ...base, metadata: { ...base.metadata, namespace: 'ns' } }];
    const spec: LLMInferenceServiceSpec = { baseRefs: [{ name: 'base' }], model: { uri: 'x', name: 'b' }, router: { route: { group: 'g' } } };

    it('compares what the config of a stopped member states', () => {
      const stopped = member('b', { annotations: STOP, status: {}, spec });
      expect(resolve(self(), [stopped], configs).matching).to.deep.include({
        ...resolve(self(), [], []).self,
        name: 'b',
        weight: 7,
        stopped: true,
        backend: { group: '', kind: 'Service', name: 'b-kserve-workload-svc', port: 8000 },
      });
    });
    it('compares what the config of a member without addresses states', () => {
      expect(names(resolve(self(), [member('b', { spec })], configs).matching)).to.deep.equal(['b', 'self']);
    });
    it('goes by the published names where there are some, and by the stored ones where the config is gone', () => {
      const published = member('b', { spec, status: { ...running, addresses: [{ models: [{ name: 'n' }] }] } });
      expect(names(resolve(self(), [published], configs).divergent)).to.deep.equal(['b']);
      expect(resolve(self(), [member('b', { spec })]).divergent.map(({ models }) => models)).to.deep.equal([['b']]);
    });
  });

  it('gives a pool that a config refers to the group that all members see (R5.109)', () => {
    const pooled = (name: string): LLMInferenceServiceSpec => ({
      model: { uri: 'x', name: 'm' },
      router: { route: { group: 'g', weight: 1 }, scheduler: { pool: { ref: { name } } } },
    });
    const stated = self({ spec: pooled('shared') });
    const inherited: Context = { ...stated, service: { ...stated.service, spec: inGroup('g', 1, { uri: 'x', name: 'm' }) } };
    const groups = (context: Context) => resolve(context, []).matching.map(({ backend }) => [backend.group, backend.name]);
    expect(groups(stated)).to.deep.equal([['inference.networking.x-k8s.io', 'shared']]);
    expect(groups(inherited)).to.deep.equal([['inference.networking.k8s.io', 'shared']]);
  });

  it('sends the traffic of self to its pool before the pool is in the status (B5.6)', () => {
    const spec: LLMInferenceServiceSpec = { model: { uri: 'x', name: 'm' }, router: { scheduler: {}, route: { group: 'g', weight: 1 } } };
    expect(weightedBackends(resolve(self({ spec }), []))).to.deep.equal([
      { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'self-inference-pool', port: 8000, weight: 1 },
    ]);
  });

  it('keeps members with other model or adapter names apart', () => {
    const other = member('b', { spec: inGroup('g', 1, { uri: 'x', name: 'n' }) });
    const adapted = member('c', { spec: inGroup('g', 1, { uri: 'x', name: 'm', lora: { adapters: [{ name: 'sql', uri: 'y' }] } }) });
    const { matching, divergent } = resolve(self(), [other, adapted]);
    expect(names(matching)).to.deep.equal(['self']);
    expect(names(divergent)).to.deep.equal(['b', 'c']);
  });

  it('compares published names with those of a spec (B5.10)', () => {
    const published = member('b', { status: { ...running, addresses: [{ models: [{ name: 'publishers/ns/models/m' }, { name: 'm' }] }] } });
    expect(names(resolve(self(), [published]).matching)).to.deep.equal(['b', 'self']);
  });

  it('lists a stopped member that has the model of self, and sends it nothing', () => {
    const adapted = { uri: 'x', name: 'm', lora: { adapters: [{ name: 'sql', uri: 'y' }] } };
    const stopped = member('b', { annotations: STOP, status: {}, spec: inGroup('g', 20, adapted) });
    const group = resolve(self(), [stopped]);
    expect(names(group.matching)).to.deep.equal(['b', 'self']);
    expect(names(weightedBackends(group))).to.deep.equal(['self-kserve-workload-svc']);
  });

  it('finds group and weight of a peer that has them from a config (B5.1)', () => {
    const inherited = service({
      name: 'b',
      spec: { baseRefs: [{ name: 'canary' }], model: { uri: 'x', name: 'm' } },
      status: { ...running, router: { group: { name: 'g', members: [{ name: 'b', weight: 7 }] } } },
    });
    expect(routingGroupOf(inherited)).to.equal('g');
    expect(weightedBackends(resolve(self(), [inherited])).map(({ weight }) => weight)).to.deep.equal([7, 80]);
  });

  it('forgets the published group of a service that left it', () => {
    const left = service({ name: 'b', spec: {}, status: { ...running, router: { group: { name: 'g', members: [] } } } });
    expect(routingGroupOf(left)).to.equal(undefined);
  });
});

describe('rules of one participant (R5.112)', () => {
  const c = context({ name: 'my-svc', namespace: 'default' });
  const table: [string, boolean][] = [
    ['/default/my-svc', true],
    ['/default/my-svc/v1/completions', true],
    ['/v1/chat/completions', false],
    ['/default/my-svc-v2', false],
    ['', false],
  ];
  for (const [path, own] of table) {
    it(`${own ? 'has' : 'does not have'} "${path}"`, () => {
      expect(isUnderParticipantPath(path, 'default', 'my-svc')).to.equal(own);
      expect(isParticipantRule(rule(path), c)).to.equal(own);
    });
  }
  it('does not have a header alone, nor no matches', () => {
    expect(isParticipantRule({ matches: [header('x')] }, c)).to.equal(false);
    expect(isParticipantRule({}, c)).to.equal(false);
  });

  const shared: [string, Parameters<typeof isSharedRule>[0], boolean][] = [
    ['the workload Service', rule('/', serviceBackend('my-svc-kserve-workload-svc')), true],
    ['the workload Service without kind', rule('/', { name: 'my-svc-kserve-workload-svc' }), true],
    ['the default pool', rule('/', { kind: 'InferencePool', name: 'my-svc-inference-pool' }), true],
    ['a Service with the name of the pool', rule('/', serviceBackend('my-svc-inference-pool')), false],
    ['a backend of the user', rule('/', serviceBackend('docs')), false],
    ['no backend', rule('/'), false],
    ['the workload Service under the own path', rule('/default/my-svc', serviceBackend('my-svc-kserve-workload-svc')), false],
  ];
  for (const [what, r, expected] of shared) {
    it(`${expected ? 'shares' : 'does not share'} a rule with ${what} (R5.113)`, () => expect(isSharedRule(r, c)).to.equal(expected));
  }
  it('shares a rule with the external pool of the service', () => {
    const external = context({ spec: { router: { scheduler: { pool: { ref: { name: 'shared' } } } } } });
    expect(isSharedRule(rule('/', { kind: 'InferencePool', name: 'shared' }), external)).to.equal(true);
    expect(isSharedRule(rule('/', serviceBackend('shared')), external)).to.equal(false);
  });
});
