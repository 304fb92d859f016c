import fc from 'fast-check';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';

type Spec = LLMInferenceServiceSpec;

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
/** Specs that state the same few fields, so that layers of them meet. */
export const anySpec = specOf(fc.record({ ...lists, ...withoutKeyedLists }, { requiredKeys: [] }));
export const anySpecWithoutKeyedLists = specOf(fc.record(withoutKeyedLists, { requiredKeys: [] }));
