import { expect } from 'chai';
import { eppServiceName } from '../../../api/predicates.ts';
import { groupStatus, observedGateways, observeScheduler } from '../../../assess/router-status.ts';
import { ask } from '../../support/answers.ts';
import { context, httpRoute } from '../../support/router-fixtures.ts';

const api = 'gateway.networking.k8s.io';
const entry = (name: string, namespace: string, routes: string[], listeners?: string[]) => ({
  group: api,
  kind: 'Gateway',
  name,
  namespace,
  ...(listeners ? { listeners } : {}),
  httpRoutes: routes.map((route) => ({ group: api, kind: 'HTTPRoute', name: route, namespace: 'ns' })),
});
const gw = (name: string, namespace: string, sectionName?: string) => ({ name, namespace, ...(sectionName ? { sectionName } : {}) });

describe('status.router.gateways (5.22.3)', () => {
  const table: [string, Parameters<typeof observedGateways>[0], ReturnType<typeof observedGateways>][] = [
    ['no routes', [], []],
    ['one parent with section', [httpRoute({ name: 'r', parentRefs: [gw('g', 'x', 'http')] })], [entry('g', 'x', ['r'], ['http'])]],
    ['one parent without section', [httpRoute({ name: 'r', parentRefs: [gw('g', 'x')] })], [entry('g', 'x', ['r'])]],
    [
      'two routes on one gateway',
      [httpRoute({ name: 'z', parentRefs: [gw('g', 'x')] }), httpRoute({ name: 'a', parentRefs: [gw('g', 'x')] })],
      [entry('g', 'x', ['a', 'z'])],
    ],
    [
      'two sections',
      [httpRoute({ name: 'r', parentRefs: [gw('g', 'x', 'https'), gw('g', 'x', 'http')] })],
      [entry('g', 'x', ['r'], ['http', 'https'])],
    ],
    ['a section twice', [httpRoute({ name: 'r', parentRefs: [gw('g', 'x', 'http'), gw('g', 'x', 'http')] })], [entry('g', 'x', ['r'], ['http'])]],
    [
      'two gateways, sorted by namespace then name',
      [httpRoute({ name: 'r', parentRefs: [gw('b', 'y'), gw('a', 'y'), gw('c', 'x')] })],
      [entry('c', 'x', ['r']), entry('a', 'y', ['r']), entry('b', 'y', ['r'])],
    ],
    ['a parent without namespace', [httpRoute({ name: 'r', parentRefs: [{ name: 'g' }] })], [entry('g', 'ns', ['r'])]],
    ['a parent that is no gateway', [httpRoute({ name: 'r', parentRefs: [{ kind: 'Service', group: '', name: 'mesh' }] })], []],
  ];
  for (const [what, routes, expected] of table) it(`has ${what}`, () => expect(observedGateways(routes)).to.deep.equal(expected));
});

describe('status.router.scheduler (R5.79, R5.80)', () => {
  const shared = {
    apiVersion: 'inference.networking.k8s.io/v1',
    kind: 'InferencePool',
    metadata: { name: 'shared', namespace: 'ns' },
    spec: { endpointPickerRef: { name: 'their-epp' } },
  };
  const status = (poolName: string, service: string) => ({
    inferencePool: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: poolName },
    service: { group: '', kind: 'Service', name: service },
  });
  const external = { router: { scheduler: { pool: { ref: { name: 'shared' } } } } };

  it('is absent without scheduler', () => expect(ask(observeScheduler(context()))).to.equal(undefined));
  it('names the managed pool, there or not', () => {
    expect(ask(observeScheduler(context({ spec: { router: { scheduler: {} } } })))).to.deep.equal(
      status('llama-inference-pool', 'llama-epp-service'),
    );
  });
  it('names the external pool, and the Service that a picker of the service would have', () => {
    expect(ask(observeScheduler(context({ spec: external })), [shared])).to.deep.equal(status('shared', 'llama-epp-service'));
  });
  it('keeps what it said while the external pool cannot be read', () => {
    const before = status('shared', 'their-epp');
    expect(ask(observeScheduler(context({ spec: external, status: { router: { scheduler: before } } })))).to.deep.equal(before);
    expect(ask(observeScheduler(context({ spec: external })))).to.equal(undefined);
  });

  const names: [string, Parameters<typeof eppServiceName>[0], string][] = [
    ['no pool', {}, 'llama-epp-service'],
    ['a pool that names its picker', { pool: { spec: { endpointPickerRef: { name: 'mine' } } } }, 'mine'],
    ['a pool that names nothing', { pool: { spec: { endpointPickerRef: { name: '' } } } }, 'llama-epp-service'],
    ['a reference beside a spec', { pool: { ref: { name: 'shared' }, spec: { endpointPickerRef: { name: 'mine' } } } }, 'llama-epp-service'],
    ['an empty reference', { pool: { ref: { name: '' }, spec: { endpointPickerRef: { name: 'mine' } } } }, 'mine'],
  ];
  for (const [what, scheduler, name] of names) {
    it(`has Service ${name} with ${what} (R1.37)`, () => expect(eppServiceName(scheduler, 'llama')).to.equal(name));
  }
});

describe('status.router.group (R5.115)', () => {
  it('lists matching members, stopped ones with their declared weight', () => {
    const backend = { group: '', kind: 'Service', name: 'x', port: 8000 } as const;
    const matching = [
      { name: 'a', weight: 0, stopped: false, models: ['m'], backend },
      { name: 'b', weight: 20, stopped: true, models: ['m'], backend },
    ];
    expect(groupStatus({ name: 'g', matching, divergent: [{ name: 'c', weight: 1, stopped: false, models: ['n'], backend }] })).to.deep.equal({
      name: 'g',
      members: [
        { name: 'a', weight: 0, backendRef: backend },
        { name: 'b', weight: 20, stopped: true, backendRef: backend },
      ],
    });
  });
});
