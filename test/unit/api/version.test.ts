import { expect } from 'chai';
import { isRejection } from '../../../api/rejection.ts';
import { compareVersions, parseVersion, reached, type Version } from '../../../api/version.ts';
import { pickerGate } from '../../../render/scheduler/gate.ts';

const version = (text: string): Version => {
  const parsed = parseVersion(text);
  expect(parsed, text).to.not.equal(undefined);
  return parsed as Version;
};

describe('a version of the endpoint picker (R4.40)', () => {
  it('is three numbers, with an optional pre-release and build', () => {
    for (const text of ['0.10.0', '1.2.3', '0.10.0-rc.1', '1.0.0+build.5', '1.0.0-alpha-1.x.7+5']) version(text);
  });

  it('is nothing else', () => {
    for (const text of ['', 'v0.10.0', '0.10', '0.10.0.1', '01.2.3', '1.2.3-', '1.2.3-01', '1.2.x', 'latest', ' 1.2.3']) {
      expect(parseVersion(text), text).to.equal(undefined);
    }
  });

  it('is ordered by number, and a pre-release comes before its release', () => {
    const ordered = [
      '0.6.0',
      '0.7.0-alpha',
      '0.7.0-alpha.1',
      '0.7.0-alpha.beta',
      '0.7.0-rc.1',
      '0.7.0-rc.2',
      '0.7.0-rc.10',
      '0.7.0',
      '0.7.1',
      '0.10.0-rc.1',
      '0.10.0',
      '1.0.0',
    ];
    for (const [i, text] of ordered.entries()) {
      for (const [j, other] of ordered.entries()) {
        expect(Math.sign(compareVersions(version(text), version(other))), `${text} and ${other}`).to.equal(Math.sign(i - j));
      }
    }
  });

  it('does not care about the build', () => {
    expect(compareVersions(version('1.0.0+a'), version('1.0.0+b'))).to.equal(0);
  });
});

describe('the version gate', () => {
  const KEY = 'app.kubernetes.io/version';
  const cases: [string, Record<string, string>, string | undefined, string, boolean][] = [
    ['is what the annotation says, whatever the image', { [KEY]: '0.9.0' }, 'picker:v0.10.0', '0.9.0', true],
    ['is 0.0.0 when the annotation is empty, whatever the image', { [KEY]: '' }, 'picker:v0.10.0', '0.0.0', false],
    ['is 0.0.0 without annotation and usable tag', {}, 'picker:main', '0.0.0', false],
    ['is 0.0.0 without annotation and image', {}, undefined, '0.0.0', false],
    ['is the image tag without annotation (B4.24)', {}, 'localhost:5000/picker:v0.9.1@sha256:abc', '0.9.1', false],
    ['is not the port of a registry', {}, 'localhost:5000/picker', '0.0.0', false],
  ];
  for (const [title, annotations, image, expected, annotated] of cases) {
    it(title, () => {
      const gate = pickerGate(annotations, image);
      if (isRejection(gate)) throw new Error(gate.message);
      expect(gate.version.numbers.join('.')).to.equal(expected);
      expect(gate.annotated).to.equal(annotated);
    });
  }

  it('is a rejection when the annotation is no version', () => {
    const gate = pickerGate({ [KEY]: 'v0.10.0' }, undefined);
    expect(isRejection(gate) && gate.message).to.equal('failed to parse version "v0.10.0"');
  });

  it('is reached from its version on, not by a pre-release of it', () => {
    expect(['0.9.9', '0.10.0-rc.1', '0.10.0', '0.11.0'].map((text) => reached(version(text), '0.10.0'))).to.deep.equal([false, false, true, true]);
  });
});
