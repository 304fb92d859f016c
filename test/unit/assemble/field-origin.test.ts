import { expect } from 'chai';
import fc from 'fast-check';
import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { type FieldPath, fieldOrigins } from '../../../assemble/field-origin.ts';
import { mergeSpecs } from '../../../assemble/merge.ts';
import { anySpec } from './any-spec.ts';

/** Paths of the scalars and the empty collections. */
function leaves(value: unknown, path: FieldPath = []): FieldPath[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, Array.isArray(value) ? Number(key) : key]));
}

function merged(specs: readonly LLMInferenceServiceSpec[]) {
  const layers = specs.map((spec, i) => ({ origin: String(i), spec }));
  const spec = mergeSpecs(layers);
  if (isRejection(spec)) throw new Error(spec.message);
  return { layers, spec, originOf: fieldOrigins({ spec, rendered: spec, layers, modelName: '', appliedConfigs: [], adapters: [], events: [] }) };
}

describe('the origin of a field', () => {
  it('is a layer for everything that was merged', () =>
    fc.assert(
      fc.property(anySpec, anySpec, anySpec, (...specs) => {
        const { spec, originOf } = merged(specs);
        for (const path of leaves(spec).filter((leaf) => leaf.length > 0)) expect(originOf(path), path.join('.')).to.include({ from: 'layer' });
      }),
    ));

  it('is a layer without which the field would be another one, or the layer below has the same', () =>
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        const { spec, originOf } = merged([a, b]);
        const { replicas } = spec;
        if (replicas === undefined) return;
        const origin = originOf(['replicas']);
        expect(origin).to.deep.equal({ from: 'layer', origin: b.replicas === undefined ? '0' : '1', rendered: false });
      }),
    ));

  it('is found by the key of a list element, not by its place', () => {
    const containers = (...list: object[]): LLMInferenceServiceSpec => ({ template: { containers: list } }) as LLMInferenceServiceSpec;
    const { originOf } = merged([
      containers({ name: 'a', image: '1' }, { name: 'z', image: '2' }),
      containers({ name: 'b' }, { name: 'z', tty: true }),
    ]);
    expect(originOf(['template', 'containers', 0, 'name'])).to.include({ origin: '1' });
    expect(originOf(['template', 'containers', 1, 'image'])).to.include({ origin: '0' });
    expect(originOf(['template', 'containers', 2, 'image'])).to.include({ origin: '0' });
    expect(originOf(['template', 'containers', 2, 'tty'])).to.include({ origin: '1' });
  });
});
