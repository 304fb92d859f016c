import { expect } from 'chai';
import { defaultOptions, type Options } from '../../../api/options.ts';
import { isWellKnown, movedPins, pinPresets, resolvePresetName, wellKnownSuffixes } from '../../../assemble/preset-names.ts';

const off: Options = { ...defaultOptions, pinPresets: false };
const TEMPLATE = 'serving.kserve.io/config-llm-template';
const all = (prefix: string): Record<string, string> =>
  Object.fromEntries(wellKnownSuffixes.map((suffix) => [`serving.kserve.io/${suffix}`, prefix + suffix]));

describe('pinning preset names (R2.13)', () => {
  it('does nothing when it is off', () => expect(pinPresets(undefined, off)).to.equal(undefined));
  it('pins all eleven at once', () => {
    expect(pinPresets(undefined, defaultOptions)).to.deep.equal(all('kserve-'));
    expect(Object.keys(all(''))).to.have.length(11);
  });
  it('changes nothing the second time', () => {
    const once = pinPresets({}, defaultOptions);
    expect(pinPresets(once, defaultOptions)).to.deep.equal(once);
  });
  it('keeps a pin and an unrelated annotation, and adds the others', () => {
    const kept = { [TEMPLATE]: 'custom-prefix-config-llm-template', unrelated: 'x' };
    expect(pinPresets(kept, defaultOptions)).to.deep.equal({ ...all('kserve-'), ...kept });
  });
  it('keeps pins to an old prefix', () => expect(pinPresets(all('old-prefix-'), defaultOptions)).to.deep.equal(all('old-prefix-')));
  it('fills an empty pin', () => expect(pinPresets({ [TEMPLATE]: '' }, defaultOptions)).to.deep.equal(all('kserve-')));
  it('moves the pins of a service that asks for the current presets, and says so', () => {
    const before = all('old-');
    const after = pinPresets(before, defaultOptions, { 'serving.kserve.io/preset-pins': 'current' });
    expect(after).to.deep.equal(all('kserve-'));
    expect(movedPins(before, after)?.message).to.include('old-config-llm-template to kserve-config-llm-template');
    expect(movedPins({}, after)).to.equal(undefined);
    expect(movedPins(after, after)).to.equal(undefined);
  });
});

describe('resolving preset names (R2.14)', () => {
  const name = 'kserve-config-llm-template';
  const table: [string, string, Record<string, string> | undefined, Options, string][] = [
    ['pinning off', name, { [TEMPLATE]: 'other' }, off, name],
    ['no annotations', name, undefined, defaultOptions, name],
    ['pinned to the same name', name, { [TEMPLATE]: name }, defaultOptions, name],
    ['pinned to an old prefix', name, { [TEMPLATE]: 'old-prefix-config-llm-template' }, defaultOptions, 'old-prefix-config-llm-template'],
    ['only another suffix pinned', name, { 'serving.kserve.io/config-llm-scheduler': 'x' }, defaultOptions, name],
    ['nothing to strip', 'custom-config', { 'serving.kserve.io/custom-config': 'pinned' }, defaultOptions, 'pinned'],
    ['pinned to an empty value', name, { [TEMPLATE]: '' }, defaultOptions, ''],
  ];
  for (const [what, given, annotations, options, expected] of table) {
    it(what, () => expect(resolvePresetName(given, annotations, options)).to.equal(expected));
  }
});

describe('well-known names (R2.11)', () => {
  it('follow the current prefix', () => {
    expect(isWellKnown('kserve-config-llm-template', defaultOptions)).to.equal(true);
    expect(isWellKnown('old-config-llm-template', defaultOptions)).to.equal(false);
    expect(isWellKnown('v3-config-llm-template', { presetPrefix: 'v3-' })).to.equal(true);
  });
  it('leave out the pipeline-parallel ones', () => expect(isWellKnown('kserve-config-llm-worker-pipeline-parallel', defaultOptions)).to.equal(false));
});
