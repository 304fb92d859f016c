import { expect } from 'chai';
import { kinds } from '../../../api/kinds.ts';
import { labels } from '../../../api/metadata.ts';
import { differences } from '../../../controllers/runtime/compare.ts';
import { mayAdd } from '../../../controllers/runtime/desired.ts';
import { shapeOf } from '../../../controllers/runtime/known-defaults.ts';
import type { Json } from '../../../controllers/runtime/shape.ts';

const own = { [labels.partOf]: 'llminferenceservice' };
const inGroup = (group: string) => ({ ...own, [labels.routingGroup]: group });
const rule = (path: string, weight = 1) => ({
  matches: [{ path: { type: 'PathPrefix', value: path } }],
  backendRefs: [{ group: '', kind: 'Service', name: 'svc', port: 8000, weight }],
});
const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw', namespace: 'gw-ns' };
const route = (marks: Record<string, string>, spec: Json = {}) => ({
  metadata: { name: 'r', labels: marks },
  spec: { parentRefs: [gateway], rules: [rule('/a'), rule('/b')], ...spec },
});

/** As while what is wanted is what was wanted last. */
function isRight(desired: Json, observed: Json): boolean {
  const keeps = mayAdd(kinds.httpRoute, desired) ?? (() => false);
  return differences(shapeOf(kinds.httpRoute), desired, observed, { accepts: () => false, drops: () => false, keeps }) === undefined;
}

describe('comparison of a managed route (5.22.8, R5.43)', () => {
  const table: [string, Json, Json, boolean][] = [
    ['a foreign label', route(own), route({ ...own, 'example.com/team': 'red' }), true],
    ['a routing group that only the current one has', route(own), route(inGroup('g')), false],
    ['another routing group', route(inGroup('g')), route(inGroup('h')), false],
    ['a routing group that the current one lacks', route(inGroup('g')), route(own), false],
    ['nothing', route(own), route(own), true],
    ['no labels on either', { ...route(own), metadata: { name: 'r' } }, { ...route(own), metadata: { name: 'r' } }, true],
    ['nothing, in a group', route(inGroup('g')), route(inGroup('g')), true],
    ['an extra rule, in a group', route(inGroup('g')), route(inGroup('g'), { rules: [rule('/a'), rule('/b'), rule('/c')] }), false],
    ['a weight, in a group', route(inGroup('g')), route(inGroup('g'), { rules: [rule('/a', 2), rule('/b')] }), false],
    ['an extra rule at the end', route(own), route(own, { rules: [rule('/a'), rule('/b'), rule('/c')] }), true],
    ['an extra rule in front', route(own), route(own, { rules: [rule('/c'), rule('/a'), rule('/b')] }), false],
    ['a rule that is missing', route(own), route(own, { rules: [rule('/a')] }), false],
    ['a weight', route(own), route(own, { rules: [rule('/a', 2), rule('/b')] }), false],
    ['host names', route(own), route(own, { hostnames: ['a.example.com'] }), true],
    ['host names, in a group', route(inGroup('g')), route(inGroup('g'), { hostnames: ['a.example.com'] }), true],
    ['an extra host name', route(own, { hostnames: ['a.example.com'] }), route(own, { hostnames: ['a.example.com', 'b.example.com'] }), true],
    ['another host name', route(own, { hostnames: ['a.example.com'] }), route(own, { hostnames: ['b.example.com'] }), false],
    ['an extra parent', route(own), route(own, { parentRefs: [gateway, { ...gateway, name: 'other' }] }), true],
    ['a filter of a rule', route(own), route(own, { rules: [{ ...rule('/a'), filters: [{ type: 'URLRewrite' }] }, rule('/b')] }), true],
    ['a filter of a rule, in a group', route(inGroup('g')), route(inGroup('g'), { rules: [{ ...rule('/a'), filters: [{}] }, rule('/b')] }), false],
  ];
  for (const [what, desired, observed, right] of table) {
    it(`${right ? 'lets pass' : 'notices'} ${what}`, () => expect(isRight(desired, observed)).to.equal(right));
  }

  it('is exact for other kinds', () => expect(mayAdd(kinds.inferencePool, route(own))).to.equal(undefined));
});
