import { expect } from 'chai';
import fc from 'fast-check';
import { childName } from '../../../api/names.ts';

describe('childName', () => {
  const f63 = 'f'.repeat(63);

  it('concatenates what fits 63 bytes', () => {
    expect(childName('asdf', '-deployment')).to.equal('asdf-deployment');
    expect(childName('a'.repeat(52), '-deployment')).to.equal(`${'a'.repeat(52)}-deployment`);
  });

  it('shortens a long parent around its MD5 (R3.25)', () => {
    expect(childName(f63, '-deployment')).to.equal('ffffffffffffffffffff105d7597f637e83cc711605ac3ea4957-deployment');
    expect(childName(f63, '-deploy')).to.equal('ffffffffffffffffffffffff105d7597f637e83cc711605ac3ea4957-deploy');
    expect(childName('test-llm-storage-hf-mn-with-credentials', '-kserve-self-signed-certs')).to.equal(
      'test-l1d697071dbb16cdaa91cc55976403b76-kserve-self-signed-certs',
    );
  });

  it('hashes parent and suffix when the suffix is long', () => {
    expect(childName('a', f63)).to.equal(`ab5cfd486935decbc0d305799f4ce4414${'f'.repeat(30)}`);
  });

  it('never exceeds 63 bytes', () => {
    const word = fc.string({ unit: fc.constantFrom('a', '-', '9', 'z'), minLength: 1, maxLength: 120 });
    fc.assert(fc.property(word, word, (parent, suffix) => Buffer.byteLength(childName(parent, suffix)) <= 63));
  });
});
