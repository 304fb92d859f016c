import { expect } from 'chai';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../../api/duration.ts';

describe('durations as Go writes them', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['.5m', 30_000],
    ['250ms', 250],
    ['1500us', 1.5],
    ['0', 0],
    ['-0', 0],
    ['0s', 0],
    ['-5s', -5000],
    ['+5s', 5000],
  ];
  for (const [text, milliseconds] of cases) it(`read ${text} as ${milliseconds} ms`, () => expect(parseDuration(text)).to.equal(milliseconds));

  for (const text of ['', '-', '5', '1d', 's', '1h 30m', '1,5s', '1h30', '--1s', '1e3s', '1s\n']) {
    it(`refuse ${JSON.stringify(text)}`, () => expect(parseDuration(text)).to.equal(undefined));
  }

  const written: readonly (readonly [number, string])[] = [
    [3_600_000, '1h0m0s'],
    [5_400_000, '1h30m0s'],
    [90_000, '1m30s'],
    [30_000, '30s'],
    [1500, '1.5s'],
    [250, '250ms'],
    [0, '0s'],
    [-90_000, '-1m30s'],
  ];
  for (const [milliseconds, text] of written) it(`write ${milliseconds} ms as ${text}`, () => expect(formatDuration(milliseconds)).to.equal(text));

  it('read back what they write', () => {
    const milliseconds = fc.integer({ min: -1e10, max: 1e10 });
    fc.assert(
      fc.property(milliseconds, (ms) => {
        expect(parseDuration(formatDuration(ms))).to.be.closeTo(ms, 1e-3);
      }),
    );
  });
});
