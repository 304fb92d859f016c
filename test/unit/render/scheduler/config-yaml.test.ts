import { expect } from 'chai';
import fc from 'fast-check';
import { readYaml, writeYaml } from '../../../../render/scheduler/config-yaml.ts';

describe('YAML of the endpoint picker', () => {
  it('is read by the rules of YAML 1.1 (R4.36a)', () => {
    expect(readYaml('a: yes\nb: on\nc: "yes"\nd: 0x10\ne: 1_000\nf: 2.0\ng: ~')).to.deep.equal({
      a: true,
      b: true,
      c: 'yes',
      d: 16,
      e: 1000,
      f: 2,
      g: null,
    });
  });

  it('is read with dates and times as strings, as Kubernetes readers do', () => {
    expect(readYaml('a: 2026-08-21\nb: 12:30:45')).to.deep.equal({ a: '2026-08-21', b: '12:30:45' });
  });

  it('may be JSON', () => {
    expect(readYaml('{"kind":"EndpointPickerConfig","plugins":[]}')).to.deep.equal({ kind: 'EndpointPickerConfig', plugins: [] });
  });

  it('reads as nothing when it is broken', () => {
    for (const text of ['a: [', '{{ .Name }}: {{', 'a: *unknown', '\ta: 1']) expect(readYaml(text), text).to.equal(undefined);
  });

  it('is written in block style with sorted keys', () => {
    const text = writeYaml({
      plugins: [{ type: 'queue-scorer', parameters: { modelName: '/mnt/models/base', blockSize: 64 } }],
      kind: 'EndpointPickerConfig',
    });
    expect(text).to.equal(
      'kind: EndpointPickerConfig\nplugins:\n- parameters:\n    blockSize: 64\n    modelName: /mnt/models/base\n  type: queue-scorer\n',
    );
  });

  it('has strings that look like another type in double quotes', () => {
    for (const word of ['99', 'yes', 'on', 'n', 'true', 'null', '~', '0x1F', '010', '1_000', '1e3', '12:30:45', '2026-08-21', '.5']) {
      expect(writeYaml({ hashSeed: word })).to.equal(`hashSeed: "${word}"\n`);
    }
  });

  it('has whole numbers in plain digits', () => {
    expect(writeYaml({ metricsLoggingInterval: 60_000_000_000, weight: 2.0, share: 0.5 })).to.equal(
      'metricsLoggingInterval: 60000000000\nshare: 0.5\nweight: 2\n',
    );
  });

  it('has no anchors and no folded lines', () => {
    const shared = { text: 'word '.repeat(60).trim() };
    expect(writeYaml({ a: shared, b: shared })).to.equal(`a:\n  text: ${shared.text}\nb:\n  text: ${shared.text}\n`);
  });

  it('is a fixed point: what was written reads as the same value and is written the same again (R4.36a)', () => {
    const awkward = fc.constantFrom(
      'yes',
      '1',
      '0x1',
      ' a',
      'a ',
      'a\nb',
      '\n',
      ' a\n b ',
      'a: b',
      '- a',
      '#',
      '"',
      "'",
      '&a',
      '*a',
      '<<',
      '=',
      '',
      '\t',
      '---',
      'é',
      '\u2028',
    );
    const leaf = fc.oneof(
      awkward,
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0 || 0),
      fc.boolean(),
      fc.constant(null),
    );
    const key = fc.oneof(fc.string({ minLength: 1 }), awkward).filter((k) => k !== '__proto__' && k !== '<<');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(key, tie('value'), { noNullPrototype: true })),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (v) => {
        const text = writeYaml(v);
        expect(readYaml(text)).to.deep.equal(v);
        expect(writeYaml(readYaml(text))).to.equal(text);
      }),
      { numRuns: 200 },
    );
  });
});
