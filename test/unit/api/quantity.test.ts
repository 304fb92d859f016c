import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalQuantity, parseQuantity, sameQuantity, wholeUnits } from '../../../api/quantity.ts';

describe('quantities', () => {
  const table: [string | number, number, string, bigint][] = [
    ['0', 0, '0', 0n],
    ['0Gi', 0, '0', 0n],
    ['1', 1, '1', 1n],
    [2, 2, '2', 2n],
    ['2000m', 2, '2', 2n],
    ['1500m', 1.5, '1500m', 2n],
    ['100m', 0.1, '100m', 1n],
    ['0.5', 0.5, '500m', 1n],
    ['.5', 0.5, '500m', 1n],
    ['1.', 1, '1', 1n],
    ['+3', 3, '3', 3n],
    ['-1.5', -1.5, '-1500m', -2n],
    ['1024Mi', 1024 ** 3, '1Gi', 1073741824n],
    ['1.5Gi', 1.5 * 1024 ** 3, '1536Mi', 1610612736n],
    ['512Mi', 512 * 1024 ** 2, '512Mi', 536870912n],
    ['1Ki', 1024, '1Ki', 1024n],
    ['0.5Ki', 512, '512', 512n],
    ['0.0001Ki', 0.1024, '102400u', 1n],
    ['1000', 1000, '1k', 1000n],
    ['100000k', 1e8, '100M', 100000000n],
    ['1e3', 1000, '1e3', 1000n],
    ['12E', 12e18, '12E', 12000000000000000000n],
    ['1E3', 1000, '1e3', 1000n],
    ['100n', 1e-7, '100n', 1n],
    ['0.1n', 1e-9, '1n', 1n],
  ];
  for (const [quantity, value, canonical, whole] of table) {
    it(`${quantity} is ${canonical}`, () => {
      expect(parseQuantity(quantity)).to.be.closeTo(value, Math.abs(value) * 1e-12);
      expect(canonicalQuantity(quantity)).to.equal(canonical);
      expect(wholeUnits(quantity)).to.equal(whole);
    });
  }

  for (const text of ['', ' 1', '1 Gi', 'lots', '1Gx', '.', '1.2.3', 'Gi', '1e', '1e999']) {
    it(`"${text}" is none`, () => {
      expect(parseQuantity(text)).to.equal(undefined);
      expect(wholeUnits(text)).to.equal(undefined);
      expect(canonicalQuantity(text)).to.equal(text);
    });
  }

  const quantity = fc
    .tuple(fc.nat(99999), fc.constantFrom('', '.5', '.25'), fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3'))
    .map((parts) => parts.join(''));
  it('the canonical form means the same', () =>
    fc.assert(fc.property(quantity, (text) => parseQuantity(canonicalQuantity(text)) === parseQuantity(text))));

  // A binary quantity that no binary suffix fits is written without one, and read back as a decimal one: 27687.5Ki, 28352000, 28352k.
  it('the canonical form of a canonical form is final', () =>
    fc.assert(
      fc.property(quantity, (text) => {
        const twice = canonicalQuantity(canonicalQuantity(text));
        return canonicalQuantity(twice) === twice;
      }),
    ));
});

describe('sameQuantity', () => {
  for (const [a, b, same] of [
    ['1', '1000m', true],
    [1, '1', true],
    ['0.5', '500m', true],
    ['1Gi', '1024Mi', true],
    ['1Gi', '1G', false],
    ['1e3', '1k', true],
    ['1.5Gi', '1536Mi', true],
    ['100n', '0.1u', true],
    ['-1', '1', false],
    ['nonsense', 'nonsense', true],
    ['', '0', false],
  ] as const) {
    it(`${JSON.stringify(a)} and ${JSON.stringify(b)}: ${same}`, () => expect(sameQuantity(a, b)).to.equal(same));
  }
});
