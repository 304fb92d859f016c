import { expect } from 'chai';
import type { ModelSpec } from '../../../api/types.ts';
import { resolveAdapters } from '../../../assemble/adapters.ts';
import { accepted, refusal } from './fixtures.ts';

const spec = (adapters: ModelSpec[], enabled?: boolean) => ({
  model: { uri: 'hf://a/b', lora: { adapters } },
  ...(enabled === undefined ? {} : { storageInitializer: { enabled } }),
});

describe('LoRA adapters (R2.86, R3.270, R3.271)', () => {
  it('none', () => expect(resolveAdapters({ model: { uri: 'hf://a/b' } })).to.deep.equal([]));

  it('come sorted by name, with scheme and mount path', () =>
    expect(
      resolveAdapters(
        spec([
          { name: 'z', uri: 'pvc://c/p' },
          { name: 'B', uri: 's3://b/k' },
          { name: 'a', uri: 'hf://a/a' },
        ]),
      ),
    ).to.deep.equal([
      { name: 'B', uri: 's3://b/k', scheme: 's3', mountPath: '/mnt/lora/B' },
      { name: 'a', uri: 'hf://a/a', scheme: 'hf', mountPath: '/mnt/lora/a' },
      { name: 'z', uri: 'pvc://c/p', scheme: 'pvc', mountPath: '/mnt/lora/z' },
    ]));

  const paths = { 'a/b': 'a-b', '@@@': '---', 'A.b_c-1': 'A.b_c-1', '.': 'adapter', '..': 'adapter', '': 'adapter' };
  for (const [name, directory] of Object.entries(paths)) {
    it(`"${name}" is mounted at ${directory}`, () =>
      expect(accepted(resolveAdapters(spec([{ name, uri: 'hf://a/b' }])))[0]?.mountPath).to.equal(`/mnt/lora/${directory}`));
  }

  it('are used with a lower-case scheme', () =>
    expect(accepted(resolveAdapters(spec([{ name: 'a', uri: 'HF://Org/Model' }])))[0]).to.include({ uri: 'hf://Org/Model', scheme: 'hf' }));

  it('have directories of their own, also where their names come to the same', () => {
    const names = ['a/b', 'a:b', 'a-b', 'c/d'];
    const resolved = accepted(resolveAdapters(spec(names.map((name) => ({ name, uri: 'hf://a/b' })))));
    const paths = Object.fromEntries(resolved.map(({ name, mountPath }) => [name, mountPath]));
    expect(paths).to.include({ 'a-b': '/mnt/lora/a-b', 'c/d': '/mnt/lora/c-d' });
    expect(paths['a/b']).to.match(/^\/mnt\/lora\/a-b-[0-9a-f]{8}$/);
    expect(paths['a:b'])
      .to.match(/^\/mnt\/lora\/a-b-[0-9a-f]{8}$/)
      .and.not.equal(paths['a/b']);
  });

  const problems: [string, boolean | undefined, string][] = [
    ['org/model', undefined, 'LoRA adapter "a": invalid URI "org/model"'],
    ['hf://a/b', false, 'hf:// and s3:// require the storage initializer'],
    ['s3://a/b', false, 'hf:// and s3:// require the storage initializer'],
    ['pvc://a/b', false, 'pvc:// requires a mounted volume'],
    ['oci://a/b', undefined, 'oci:// is not supported for LoRA adapters; use hf://, s3://, or pvc:// instead'],
    ['gs://a/b', undefined, 'supported schemes are hf://, s3://, pvc://'],
    ['gs://a/b', undefined, 'unsupported URI scheme'],
  ];
  for (const [uri, enabled, message] of problems) {
    it(`refuses ${uri}${enabled === false ? ' without the storage initializer' : ''}`, () => {
      const text = refusal(resolveAdapters(spec([{ name: 'a', uri }], enabled)));
      expect(text).to.match(/^failed to enumerate LoRA adapters: LoRA adapter "a": /);
      expect(text).to.include(message);
    });
  }
});
