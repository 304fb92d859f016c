import { expect } from 'chai';
import fc from 'fast-check';
import { isRejection } from '../../../api/rejection.ts';
import type { HTTPRouteMatch, HTTPRouteRule } from '../../../api/types.ts';
import { adapterNames } from '../../../render/model-names.ts';
import { addAdapterMatches, carriesHeader, stripModelRouting } from '../../../render/model-routing.ts';
import { fitAdapterMatches } from '../../../render/route-limits.ts';
import { HEADER, header, presetRules, rule } from '../../support/router-fixtures.ts';

const exact = (value: string): HTTPRouteMatch => ({
  path: { type: 'Exact', value },
  headers: [{ name: HEADER, type: 'Exact', value: 'publishers/ns/models/base' }],
});
const matchesOf = (rules: readonly HTTPRouteRule[], index = 0) => rules[index]?.matches ?? [];
const headerValue = (match: HTTPRouteMatch) => match.headers?.find((h) => h.name === HEADER)?.value;
const summary = (match: HTTPRouteMatch) => `${match.path?.value ?? ''} ${headerValue(match)?.replace('publishers/ns/models/', '')}`;

describe('adding adapter matches (R5.35)', () => {
  const add = (matches: HTTPRouteMatch[], adapters: string[], name = HEADER) => addAdapterMatches([{ matches }], name, 'ns', adapters);

  it('appends copies after the originals, grouped by original, adapters inner', () => {
    expect(matchesOf(add([exact('/m1'), exact('/m2')], ['a', 'b'])).map(summary)).to.deep.equal([
      '/m1 base',
      '/m2 base',
      '/m1 a',
      '/m1 b',
      '/m2 a',
      '/m2 b',
    ]);
  });

  it('makes 24 of 8 matches and 2 adapters', () => {
    const matches = matchesOf(
      add(
        Array.from({ length: 8 }, (_, i) => exact(`/m${i}`)),
        ['a', 'b'],
      ),
    );
    expect(matches.length).to.equal(24);
    for (let match = 0; match < 8; match += 1) {
      for (const [adapter, name] of ['a', 'b'].entries()) expect(summary(matches[8 + adapter + 2 * match] ?? {})).to.equal(`/m${match} ${name}`);
    }
  });

  it('makes 3 of a match with the header alone and 2 adapters', () => expect(matchesOf(add([header(HEADER)], ['a', 'b'])).length).to.equal(3));

  it('takes adapters by name', () =>
    expect(matchesOf(add([exact('/m')], ['zebra', 'alpha'])).map(summary)).to.deep.equal(['/m base', '/m alpha', '/m zebra']));

  it('skips adapters without a name', () => {
    expect(adapterNames({ model: { uri: 'x', lora: { adapters: [{ uri: 'a' }, { uri: 'b', name: 'b' }] } } })).to.deep.equal(['b']);
  });

  it('leaves rules without the header unchanged', () => {
    const rules = [rule('/a')];
    expect(addAdapterMatches(rules, HEADER, 'ns', ['a'])[0]).to.equal(rules[0]);
  });

  it('does nothing without adapters or header name', () => {
    expect(matchesOf(add([exact('/m')], [])).length).to.equal(1);
    expect(matchesOf(add([exact('/m')], ['a'], '')).length).to.equal(1);
  });
});

describe('stripping model routing (R5.36)', () => {
  it('removes a rule with only such matches', () => expect(stripModelRouting([{ matches: [exact('/m')] }], HEADER)).to.deep.equal([]));
  it('keeps the other matches of a mixed rule', () => {
    expect(stripModelRouting([{ matches: [exact('/m'), { path: { value: '/p' } }] }], HEADER)).to.deep.equal([
      { matches: [{ path: { value: '/p' } }] },
    ]);
  });
  it('keeps rules with paths only', () => expect(stripModelRouting([rule('/a')], HEADER)).to.deep.equal([rule('/a')]));
  it('changes nothing without a header name', () => expect(stripModelRouting([{ matches: [exact('/m')] }], '').length).to.equal(1));
  it('keeps a rule that never had matches (B5.14)', () => expect(stripModelRouting([{ name: 'all' }], HEADER)).to.deep.equal([{ name: 'all' }]));
  it('knows the header in any case (B5.13)', () =>
    expect(stripModelRouting([{ matches: [header('x-gateway-model-name')] }], HEADER)).to.deep.equal([]));
});

describe('adapter matches within the limits of an HTTPRoute (B5.2)', () => {
  const preset = presetRules('ns', 'base');
  const names = (count: number) => Array.from({ length: count }, (_, i) => `adapter-${String(i).padStart(3, '0')}`);
  const laidOut = (count: number): HTTPRouteRule[] => {
    const result = fitAdapterMatches(preset, HEADER, 'ns', names(count));
    if (isRejection(result)) throw new Error(result.message);
    return result;
  };
  const total = (rules: readonly HTTPRouteRule[]) => rules.reduce((sum, r) => sum + (r.matches?.length ?? 0), 0);

  it('keeps the layout of the reference up to seven adapters', () => {
    for (let count = 0; count <= 7; count += 1) expect(laidOut(count)).to.deep.equal(addAdapterMatches(preset, HEADER, 'ns', names(count)));
    expect(matchesOf(laidOut(7), 4).length).to.equal(64);
  });

  it('continues the rule in another one from the eighth adapter on', () => {
    const rules = laidOut(8);
    expect(rules.slice(4, 6).map((r) => [r.name, r.matches?.length])).to.deep.equal([
      ['v1-model-routing', 64],
      ['v1-model-routing-2', 8],
    ]);
    expect(rules[5]?.backendRefs).to.deep.equal(rules[4]?.backendRefs);
    expect(rules[5]?.timeouts).to.deep.equal(rules[4]?.timeouts);
    expect(rules.length).to.equal(13);
  });

  it('drops trailing slashes of adapters from the thirteenth on, never those of the model', () => {
    const matches = laidOut(13).flatMap((r) => r.matches ?? []);
    const slashed = matches.filter((m) => m.path?.type === 'Exact' && m.path.value?.endsWith('/'));
    expect(slashed.map(headerValue)).to.deep.equal(Array(4).fill('publishers/ns/models/base'));
    expect(total(laidOut(12))).to.equal(127);
    expect(total(laidOut(13))).to.equal(84);
  });

  it('gives every adapter one prefix match from the twenty-second on', () => {
    const rules = laidOut(22);
    expect(rules[4]?.matches?.slice(8).map((m) => m.path)).to.deep.equal(Array(22).fill({ type: 'PathPrefix', value: '/v1' }));
    expect(rules.at(-1)?.matches?.length).to.equal(23);
  });

  it('holds 54 adapters and refuses 55', () => {
    expect(total(laidOut(54))).to.equal(127);
    expect(isRejection(fitAdapterMatches(preset, HEADER, 'ns', names(55)))).to.equal(true);
  });

  it('names the adapter that a header cannot carry', () => {
    for (const name of ['zwölf', 'a'.repeat(4096)]) {
      const result = fitAdapterMatches(preset, HEADER, 'ns', ['sql', name]);
      expect(isRejection(result) && result.message).to.equal(`the adapter name ${JSON.stringify(name)} cannot be the value of a header`);
    }
  });

  it('never exceeds a limit and never forgets an adapter, whatever their number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 54 }), (count) => {
        const rules = laidOut(count);
        expect(rules.length).to.be.at.most(16);
        expect(total(rules)).to.be.at.most(127);
        expect(new Set(rules.map((r) => r.name)).size).to.equal(rules.length);
        for (const r of rules) expect(r.matches?.length).to.be.within(1, 64);
        const inference = rules.filter((r) => r.name?.startsWith('v1-model-routing')).flatMap((r) => r.matches ?? []);
        const covered = new Set(inference.filter((m) => carriesHeader(m, HEADER)).map(headerValue));
        for (const name of names(count)) expect(covered.has(`publishers/ns/models/${name}`)).to.equal(true);
      }),
      { numRuns: 60 },
    );
  });
});
