import { expect } from 'chai';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../../../api/types.ts';
import { type BlockingPeer, finalizationPending, patienceLeft, peersInTheWay } from '../../../assess/group-finalization.ts';
import { ask } from '../../support/answers.ts';
import { httpRoute, rule, service, serviceBackend } from '../../support/router-fixtures.ts';

const grouped: LLMInferenceServiceSpec = { router: { route: { group: 'g', weight: 1 } } };
const deletionTimestamp = '2026-01-01T00:00:00Z';
const leaving = service({ name: 'leaving', spec: grouped, deletionTimestamp });
const peer = (name: string, overrides: object = {}) => service({ name, spec: grouped, ...overrides });
const routeOf = (name: string, backend: string, owner = `uid-of-${name}`) =>
  httpRoute({
    name: `${name}-kserve-route`,
    ownerReferences: [{ apiVersion: 'serving.kserve.io/v1alpha2', kind: 'LLMInferenceService', name, uid: owner, controller: true }],
    rules: [rule('/', serviceBackend(backend))],
  });
const referring = (name: string, owner?: string) => routeOf(name, 'leaving-kserve-workload-svc', owner);
const namesOf = (peers: readonly BlockingPeer[]) => peers.map(({ peer: { metadata } }) => metadata.name);

describe('deletion of a group member (R5.118)', () => {
  const waitsFor = (objects: object[], who: LLMInferenceService = leaving) => namesOf(ask(peersInTheWay(who), [who, ...objects]));

  it('waits for members whose route leads to it, sorted', () => {
    const done = [peer('done'), routeOf('done', 'done-kserve-workload-svc')];
    expect(waitsFor([peer('z'), referring('z'), peer('a'), referring('a'), ...done])).to.deep.equal(['a', 'z']);
  });

  const passes: [string, object[], LLMInferenceService?][] = [
    ['a member without route', [peer('a')]],
    ['a member that is being deleted too (R5.120)', [peer('a', { deletionTimestamp }), referring('a')]],
    ['another group', [peer('a', { spec: { router: { route: { group: 'h' } } } }), referring('a')]],
    ['no group of its own', [peer('a'), referring('a')], service({ name: 'leaving', spec: {} })],
    ["a route that has the name of the peer's, and is somebody else's", [peer('a'), referring('a', 'uid-of-somebody')]],
  ];
  for (const [what, objects, who] of passes) {
    it(`does not wait with ${what}`, () => expect(waitsFor(objects, who)).to.deep.equal([]));
  }

  it('says what the routes in the way should be', () => {
    const [blocking] = ask(peersInTheWay(leaving), [leaving, peer('a'), referring('a')]);
    expect(blocking?.route).to.deep.equal(referring('a'));
    expect(blocking?.released.flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name))).to.deep.equal(['a-kserve-workload-svc']);
  });

  it('says whom it waits for (R5.119)', () => {
    const blocking = (name: string): BlockingPeer => ({ peer: peer(name), route: referring(name), released: [] });
    expect(finalizationPending([blocking('a')])).to.deep.equal([
      { type: 'GroupReady', status: 'False', reason: 'FinalizationPending', message: 'waiting for member a to remove backendRef before deletion' },
      { type: 'GroupDegraded', clear: true },
    ]);
    const message = 'waiting for members a, b to remove backendRef before deletion';
    expect(finalizationPending([blocking('a'), blocking('b')])[0]).to.include({ message });
  });
});

describe('the patience of a deletion (B5.11)', () => {
  const seconds = (n: number) => Date.parse(deletionTimestamp) + n * 1000;
  const cases: [string | undefined, number][] = [
    [undefined, 600],
    ['30s', 30],
    ['1h', 3600],
    ['0', 0],
    ['soon', 600],
  ];
  for (const [annotation, expected] of cases) {
    it(`is ${expected} seconds with ${annotation ?? 'no annotation'}`, () => {
      const annotations = annotation === undefined ? {} : { annotations: { 'serving.kserve.io/group-finalization-timeout': annotation } };
      const who = service({ name: 'leaving', spec: grouped, deletionTimestamp, ...annotations });
      expect(patienceLeft(who, seconds(0))).to.equal(expected * 1000);
      expect(patienceLeft(who, seconds(expected + 1))).to.equal(-1000);
    });
  }
});
