import { expect } from 'chai';
import fc from 'fast-check';
import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { mergeSpecs } from '../../../assemble/merge.ts';

type Spec = LLMInferenceServiceSpec;

function merge(...specs: Spec[]): Spec {
  const merged = mergeSpecs(specs.map((spec) => ({ origin: 'layer', spec })));
  if (isRejection(merged)) throw new Error(merged.message);
  return merged;
}

const name = fc.constantFrom('a', 'b', 'c', 'd');
const map = fc.dictionary(name, fc.constantFrom('', '1', '2'), { maxKeys: 3 });
const byName = <T extends object>(item: fc.Arbitrary<T>): fc.Arbitrary<(T & { name: string })[]> =>
  fc
    .uniqueArray(fc.record({ name, item }), { selector: (entry) => entry.name, maxLength: 4 })
    .map((list) => list.map((entry) => ({ name: entry.name, ...entry.item })));

const container = fc.record(
  {
    image: fc.constantFrom('', 'x', 'y'),
    args: fc.array(name, { maxLength: 2 }),
    tty: fc.boolean(),
    env: byName(fc.record({ value: fc.constantFrom('', '1', '2') }, { requiredKeys: [] })),
    resources: fc.record({ requests: fc.dictionary(name, fc.constantFrom('1', '2000m', '1Gi')) }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const lists = { containers: byName(container), imagePullSecrets: byName(fc.constant({})) };
const withoutKeyedLists = {
  nodeSelector: map,
  hostNetwork: fc.boolean(),
  terminationGracePeriodSeconds: fc.nat(2),
  tolerations: fc.array(fc.record({ key: name }), { maxLength: 2 }),
};
const specOf = (template: fc.Arbitrary<object>): fc.Arbitrary<Spec> =>
  fc.record(
    {
      replicas: fc.nat(3),
      labels: map,
      parallelism: fc.record({ tensor: fc.nat(2), expert: fc.boolean() }, { requiredKeys: [] }),
      model: fc.record({ uri: fc.constantFrom('', 'hf://a/b') }),
      router: fc.record(
        { route: fc.constant({}), gateway: fc.record({ refs: fc.array(fc.record({ name }), { maxLength: 2 }) }) },
        { requiredKeys: [] },
      ),
      template,
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Spec>;
const spec = specOf(fc.record({ ...lists, ...withoutKeyedLists }, { requiredKeys: [] }));
const specWithoutKeyedLists = specOf(fc.record(withoutKeyedLists, { requiredKeys: [] }));

describe('laws of the merge', () => {
  it('an empty layer changes nothing', () =>
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(merge(a, b, {})).to.deep.equal(merge(a, b));
      }),
    ));

  it('a layer twice is the layer once', () =>
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(merge(a, b, b)).to.deep.equal(merge(a, b));
      }),
    ));

  it('grouping does not matter, apart from the order of keyed lists', () =>
    fc.assert(
      fc.property(specWithoutKeyedLists, specWithoutKeyedLists, specWithoutKeyedLists, (a, b, c) => {
        expect(merge(merge(a, b), c)).to.deep.equal(merge(a, merge(b, c)));
      }),
    ));

  it('no element of a keyed list is lost or doubled', () =>
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        const names = (of: Spec): string[] => (of.template?.containers ?? []).map((c) => c.name);
        expect(names(merge(a, b))).to.have.members([...new Set([...names(a), ...names(b)])]);
      }),
    ));

  it('inputs stay as they are', () =>
    fc.assert(
      fc.property(spec, spec, spec, (a, b, c) => {
        const before = structuredClone([a, b, c]);
        merge(a, b, c);
        expect([a, b, c]).to.deep.equal(before);
      }),
    ));
});
