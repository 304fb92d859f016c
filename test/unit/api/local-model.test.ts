import { expect } from 'chai';
import { type LocalModelCache, labelLocalModel } from '../../../api/local-model.ts';
import type { LLMInferenceService } from '../../../api/types.ts';

const LABEL = 'internal.serving.kserve.io/localmodel';
const LABEL_NAMESPACE = 'internal.serving.kserve.io/localmodel-namespace';
const SOURCE = 'internal.serving.kserve.io/localmodel-sourceuri';
const CLAIM = 'internal.serving.kserve.io/localmodel-pvc-name';
const NODE_GROUP = 'serving.kserve.io/nodegroup';
const DISABLE = 'serving.kserve.io/disable-localmodel';
const stale = { labels: { [LABEL]: 'old', [LABEL_NAMESPACE]: 'old' }, annotations: { [SOURCE]: 'old', [CLAIM]: 'old' } };

const cache = (name: string, sourceModelUri: string, nodeGroups = ['gpu1', 'gpu2'], namespace?: string): LocalModelCache => ({
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  spec: { sourceModelUri, nodeGroups },
});
const service = (uri: string | undefined, metadata: object = {}): LLMInferenceService => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: { name: 'svc', namespace: 'ns', ...metadata },
  spec: uri === undefined ? {} : { model: { uri } },
});
const marks = (given: LLMInferenceService, caches: readonly LocalModelCache[]): object => {
  const { labels = {}, annotations = {} } = labelLocalModel(given, caches).metadata;
  return { ...labels, ...annotations };
};
const clusterHit = (name: string, source: string, claim: string): object => ({ [LABEL]: name, [SOURCE]: source, [CLAIM]: claim });

describe('local model labels (R1.57)', () => {
  const qwen = cache('qwen', 'hf://org/qwen');

  for (const [uri, source] of [
    ['hf://org/qwen', 'hf://org/qwen'],
    ['hf://org/qwen/', 'hf://org/qwen'],
    ['hf://org/qwen', 'hf://org/qwen/'],
    ['hf://org/qwen/sub/dir', 'hf://org/qwen'],
  ] as const) {
    it(`${source} holds ${uri}`, () => {
      expect(marks(service(uri), [cache('qwen', source)])).to.deep.equal(clusterHit('qwen', source, 'qwen-gpu1'));
    });
  }

  for (const uri of ['hf://org/qwen2', 'hf://org', 'HF://org/qwen']) {
    it(`hf://org/qwen does not hold ${uri}`, () => expect(marks(service(uri), [qwen])).to.deep.equal({}));
  }

  it('a cache of the namespace wins, and is named with its namespace', () => {
    expect(marks(service('hf://org/qwen'), [qwen, cache('own', 'hf://org', ['gpu1'], 'ns')])).to.deep.equal({
      ...clusterHit('own', 'hf://org', 'own-gpu1'),
      [LABEL_NAMESPACE]: 'ns',
    });
  });

  it('a cluster cache takes away the namespace of an earlier one', () => {
    expect(marks(service('hf://org/qwen', stale), [qwen])).to.deep.equal(clusterHit('qwen', 'hf://org/qwen', 'qwen-gpu1'));
  });

  it('the node group decides about claim and cache', () => {
    const annotations = { [NODE_GROUP]: 'gpu2' };
    expect(marks(service('hf://org/qwen', { annotations }), [qwen])).to.deep.equal({
      ...annotations,
      ...clusterHit('qwen', 'hf://org/qwen', 'qwen-gpu2'),
    });
    const other = cache('other', 'hf://org/qwen', ['gpu2']);
    expect(marks(service('hf://org/qwen', { annotations }), [cache('first', 'hf://org/qwen', ['gpu1']), other])).to.include({ [LABEL]: 'other' });
    expect(marks(service('hf://org/qwen', { annotations: { [NODE_GROUP]: 'none' } }), [qwen])).to.deep.equal({ [NODE_GROUP]: 'none' });
  });

  it('the most specific source wins, then the name, whatever the order of the list (B24)', () => {
    const caches = [cache('b', 'hf://org/qwen'), cache('z', 'hf://org'), cache('a', 'hf://org/qwen')];
    for (const list of [caches, caches.toReversed()]) expect(marks(service('hf://org/qwen'), list)).to.include({ [LABEL]: 'a' });
  });

  for (const [what, given] of [
    ['without a hit', service('s3://elsewhere', stale)],
    ['of a model without URI (B24)', service('', stale)],
    ['without model', service(undefined, stale)],
    ['where caching is switched off', service('hf://org/qwen', { ...stale, annotations: { ...stale.annotations, [DISABLE]: 'false' } })],
  ] as const) {
    it(`marks are taken off ${what}, others stay`, () => {
      const { metadata } = given;
      const others = {
        ...given,
        metadata: { ...metadata, labels: { ...metadata.labels, mine: '1' }, annotations: { ...metadata.annotations, mine: '2' } },
      };
      const { labels, annotations } = labelLocalModel(others, [qwen]).metadata;
      expect(labels).to.deep.equal({ mine: '1' });
      expect(annotations).to.include({ mine: '2' }).and.not.have.any.keys(SOURCE, CLAIM);
    });
  }

  it('a service that needs no change is the same object', () => {
    const given = service('s3://elsewhere');
    expect(labelLocalModel(given, [qwen])).to.equal(given);
    const marked = labelLocalModel(service('hf://org/qwen'), [qwen]);
    expect(labelLocalModel(marked, [qwen])).to.equal(marked);
  });

  it('an incomplete cache holds nothing', () => {
    expect(marks(service('hf://org/qwen'), [{ metadata: { name: 'x' } }, { metadata: { name: 'y' }, spec: {} }])).to.deep.equal({});
  });
});
