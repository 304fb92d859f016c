import { expect } from 'chai';
import { assessImageVolumes, type ServerVersion } from '../../../assess/image-volumes.ts';

const TYPE = 'OciImageVolumeCompatible';
const cleared = { type: TYPE, clear: true };

describe('the advice about image volumes (R3.245)', () => {
  for (const [minor, reason, message] of [
    ['30', 'ImageVolumeUnsupported', /^Cluster K8s 1\.30: .*not supported.*introduced in 1\.31/],
    ['31', 'ImageVolumeSubPathUnsupported', /^Cluster K8s 1\.31: .*subPath not supported/],
    ['32+', 'ImageVolumeSubPathUnsupported', /^Cluster K8s 1\.32: .*subPath not supported/],
    ['33', 'ImageVolumeAlpha', /^Cluster K8s 1\.33: .*feature gate ImageVolume.*API server.*kubelet/],
    ['34+', 'ImageVolumeAlpha', /^Cluster K8s 1\.34: /],
  ] as const) {
    it(`on 1.${minor} is ${reason}`, () => {
      const change = assessImageVolumes('native', { major: '1', minor });
      expect(change).to.deep.include({ type: TYPE, status: 'False', reason });
      expect(change).to.have.property('message').that.matches(message);
    });
  }

  for (const version of [
    { major: '1', minor: '35' },
    { major: '1', minor: '36+' },
    { major: '1', minor: 'x' },
    { major: '1', minor: '' },
    {},
    undefined,
  ]) {
    it(`says nothing about version ${JSON.stringify(version)}`, () => {
      expect(assessImageVolumes('native', version as ServerVersion)).to.deep.equal(cleared);
    });
  }

  for (const mode of ['', 'modelcar', 'fetch'] as const) {
    it(`says nothing in mode "${mode}"`, () => expect(assessImageVolumes(mode, { major: '1', minor: '30' })).to.deep.equal(cleared));
  }
});
