import { expect } from 'chai';
import { followAdapters } from '../../../api/criticality.ts';
import type { LLMInferenceService } from '../../../api/types.ts';

const KEY = 'internal.serving.kserve.io/lora-criticalities';
const service = (names: readonly string[], criticalities?: string): LLMInferenceService => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: { name: 'svc', annotations: { other: 'x', ...(criticalities === undefined ? {} : { [KEY]: criticalities }) } },
  spec: {
    model: { uri: 'u', lora: { adapters: names.map((name) => ({ name: name.split('@')[0]!, uri: name.split('@')[1] ?? `hf://a/${name}` })) } },
  },
});
const GIVEN = '{"0":"Standard","2":"Critical"}';

/** Adapters before and after (`name` or `name@uri`), and the criticalities after it. */
const changes: [string, string[], string[], string | undefined][] = [
  ['stays when nothing moves', ['a', 'b', 'c'], ['a', 'b', 'c'], GIVEN],
  ['follows a new order', ['a', 'b', 'c'], ['c', 'a', 'b'], '{"0":"Critical","1":"Standard"}'],
  ['follows a removal', ['a', 'b', 'c'], ['b', 'c'], '{"1":"Critical"}'],
  ['follows an insertion', ['a', 'b', 'c'], ['new', 'a', 'b', 'c'], '{"1":"Standard","3":"Critical"}'],
  ['goes with the last adapter that had one', ['a', 'b', 'c'], ['b'], undefined],
  ['follows an adapter with a new name', ['a@u', 'b', 'c'], ['b', 'renamed@u', 'c'], '{"1":"Standard","2":"Critical"}'],
  ['takes no adapter for another that was there already', ['a@u', 'b@u', 'c'], ['b@u', 'c'], '{"1":"Critical"}'],
];

describe('criticality of LoRA adapters in v1alpha2 (B2)', () => {
  for (const [what, before, after, expected] of changes) {
    it(what, () => {
      const old = service(before, GIVEN);
      const result = followAdapters(service(after, GIVEN), old);
      expect(result.metadata.annotations).to.deep.equal({ other: 'x', ...(expected === undefined ? {} : { [KEY]: expected }) });
      expect(result.spec).to.deep.equal(service(after).spec);
    });
  }

  it('is left alone when the client changes it itself, and when it cannot be read', () => {
    for (const [before, after] of [
      [GIVEN, '{"0":"Critical"}'],
      [undefined, GIVEN],
      ['{', '{'],
    ] as const) {
      const service_ = service(['b', 'a'], after);
      expect(followAdapters(service_, service(['a', 'b'], before))).to.equal(service_);
    }
  });
});
