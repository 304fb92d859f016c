import { expect } from 'chai';
import fc from 'fast-check';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { anySpec, anySpecWithoutKeyedLists } from './any-spec.ts';
import { merge } from './fixtures.ts';

type Spec = LLMInferenceServiceSpec;

/** Keyed lists by key, because their order depends on the grouping. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, sorted(child)]));
  const list = value.map(sorted) as { name?: string }[];
  return list.every((item) => typeof item === 'object' && item?.name !== undefined) ? list.toSorted((a, b) => (a.name! < b.name! ? -1 : 1)) : list;
}

describe('laws of the merge', () => {
  it('an empty layer changes nothing', () =>
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        expect(merge(a, b, {})).to.deep.equal(merge(a, b));
      }),
    ));

  it('a layer twice is the layer once', () =>
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        expect(merge(a, b, b)).to.deep.equal(merge(a, b));
      }),
    ));

  it('grouping does not matter, apart from the order of keyed lists', () =>
    fc.assert(
      fc.property(anySpecWithoutKeyedLists, anySpecWithoutKeyedLists, anySpecWithoutKeyedLists, (a, b, c) => {
        expect(merge(merge(a, b), c)).to.deep.equal(merge(a, merge(b, c)));
      }),
    ));

  it('grouping does not matter for what the elements of keyed lists hold', () =>
    fc.assert(
      fc.property(anySpec, anySpec, anySpec, (a, b, c) => {
        expect(sorted(merge(merge(a, b), c))).to.deep.equal(sorted(merge(a, merge(b, c))));
      }),
    ));

  it('the empty layer below changes nothing either', () =>
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        expect(merge({}, a, b)).to.deep.equal(merge(a, b));
      }),
    ));

  it('a value that the higher layer states wins', () =>
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        const merged = merge(a, b);
        if (b.replicas !== undefined) expect(merged.replicas).to.equal(b.replicas);
        if (b.parallelism?.tensor !== undefined) expect(merged.parallelism?.tensor).to.equal(b.parallelism.tensor);
        expect(merged.labels ?? {}).to.include(b.labels ?? {});
        for (const container of b.template?.containers ?? []) {
          const result = merged.template?.containers?.find(({ name }) => name === container.name);
          if (container.image) expect(result?.image).to.equal(container.image);
          if (container.args?.length) expect(result?.args).to.deep.equal(container.args);
        }
      }),
    ));

  it('elements of a keyed list keep the order in which either layer has them, where the other one does not speak of them', () =>
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        const names = (of: Spec): string[] => (of.template?.containers ?? []).map((c) => c.name);
        const merged = names(merge(a, b));
        const only = (list: string[], keep: (name: string) => boolean): string[] => list.filter(keep);
        expect(only(merged, (n) => names(b).includes(n))).to.deep.equal(names(b));
        const left = (n: string): boolean => names(a).includes(n) && !names(b).includes(n);
        expect(only(merged, left)).to.deep.equal(only(names(a), left));
      }),
    ));

  it('no element of a keyed list is lost or doubled', () =>
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        const names = (of: Spec): string[] => (of.template?.containers ?? []).map((c) => c.name);
        expect(names(merge(a, b))).to.have.members([...new Set([...names(a), ...names(b)])]);
      }),
    ));

  it('inputs stay as they are', () =>
    fc.assert(
      fc.property(anySpec, anySpec, anySpec, (a, b, c) => {
        const before = structuredClone([a, b, c]);
        merge(a, b, c);
        expect([a, b, c]).to.deep.equal(before);
      }),
    ));
});
