import { expect } from 'chai';
import { applyDefaults } from '../../../api/default.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../../../api/types.ts';

const GROUP = 'serving.kserve.io/routing-group';
const service = (spec: object | undefined, metadata: object = { name: 'svc' }): LLMInferenceService => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata,
  ...(spec ? { spec: spec as LLMInferenceServiceSpec } : {}),
});
const spec = (given: object | undefined): LLMInferenceServiceSpec | undefined => applyDefaults(service(given)).spec;

describe('defaults of a service (R1.56)', () => {
  it('the model is named after the service', () => {
    expect(spec({ model: { uri: 'hf://a/b' } })?.model).to.deep.equal({ uri: 'hf://a/b', name: 'svc' });
    expect(spec({ model: { uri: 'hf://a/b', name: '' } })?.model).to.deep.equal({ uri: 'hf://a/b', name: 'svc' });
    expect(spec({ model: { uri: 'hf://a/b', name: 'own' } })?.model).to.deep.equal({ uri: 'hf://a/b', name: 'own' });
  });
  it('a model is made where there is none', () => {
    expect(spec({})?.model).to.deep.equal({ uri: '', name: 'svc' });
    expect(spec(undefined)?.model).to.deep.equal({ uri: '', name: 'svc' });
    // The name that generateName comes to is not known yet (B23).
    expect(applyDefaults(service({}, { generateName: 'svc-' })).spec?.model).to.deep.equal({ uri: '' });
  });
  it('the group is a label, and only the group', () => {
    const grouped = { router: { route: { group: 'g', weight: 1 } } };
    expect(applyDefaults(service(grouped)).metadata.labels).to.deep.equal({ [GROUP]: 'g' });
    expect(applyDefaults(service(grouped, { name: 'svc', labels: { [GROUP]: 'h', a: 'b' } })).metadata.labels).to.deep.equal({
      [GROUP]: 'g',
      a: 'b',
    });
    expect(applyDefaults(service({}, { name: 'svc', labels: { [GROUP]: 'h', a: 'b' } })).metadata.labels).to.deep.equal({ a: 'b' });
    expect(applyDefaults(service({})).metadata).to.deep.equal({ name: 'svc' });
  });
  it('five pod templates get a container list, the tokenizer’s does not', () => {
    const pods = { template: {}, worker: {} };
    const given = { ...pods, prefill: pods, router: { scheduler: { template: {}, tokenizer: { template: {} } } } };
    const filled = { template: { containers: [] }, worker: { containers: [] } };
    expect(spec(given)).to.deep.equal({
      ...filled,
      model: { uri: '', name: 'svc' },
      prefill: filled,
      router: { scheduler: { template: { containers: [] }, tokenizer: { template: {} } } },
    });
  });
  it('containers that are there stay', () => {
    const template = { containers: [{ name: 'main' }] };
    expect(spec({ template })?.template).to.equal(template);
  });
  it('the service given stays as it is, and a second time changes nothing', () => {
    const given = service({ template: {}, router: { route: { group: 'g' }, scheduler: { template: {} } }, prefill: { worker: {} } });
    const before = structuredClone(given);
    const once = applyDefaults(given);
    expect(given).to.deep.equal(before);
    expect(applyDefaults(once)).to.deep.equal(once);
  });
});
