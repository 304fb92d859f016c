import { expect } from 'chai';
import { explainField, type Subject, UnknownFieldError } from '../../../cli/explain.ts';

const service: Subject = { kind: 'LLMInferenceService', version: 'v1alpha2' };
const explain = (path: string, subject: Partial<Subject> = {}): string => explainField(path, { ...service, ...subject });
/** The lines of a section. */
const section = (text: string, title: string): string[] =>
  (new RegExp(`^${title}:\\n((?: {2}.*\\n?)+)`, 'm').exec(text)?.[1] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

describe('llmisvc explain', () => {
  it('says of which kind and version it speaks, what the field is and means, and what is below it', () => {
    expect(explain('spec.router.scheduler.config')).to.equal(`KIND:     LLMInferenceService
VERSION:  serving.kserve.io/v1alpha2

FIELD:    spec.router.scheduler.config <object>

DESCRIPTION:
  EndpointPickerConfig: one of inline and ref.

FIELDS:
  inline  <object>  The configuration itself.
  ref     <object>  Key of a ConfigMap that holds it.
`);
  });

  it('names default and permitted values', () => {
    const text = explain('spec.kvCacheOffloading.evictionPolicy');
    expect(section(text, 'DEFAULT')).to.deep.equal(['"lru"']);
    expect(section(text, 'VALUES')).to.deep.equal(['"lru"', '"arc"']);
  });

  it('names bounds', () => {
    expect(section(explain('spec.parallelism.dataRPCPort'), 'BOUNDS')).to.deep.equal(['at least 1', 'at most 65535']);
    expect(section(explain('spec.scaling.wva.variantCost'), 'BOUNDS')).to.deep.equal(['matches ^\\d+(\\.\\d+)?$']);
    expect(section(explain('spec.kvCacheOffloading.cpu'), 'BOUNDS').join()).to.contain('quantity');
  });

  it('names each rule once', () => {
    const rules = section(explain('spec.scaling'), 'RULES');
    expect(rules).to.include('minReplicas cannot exceed maxReplicas');
    expect(new Set(rules).size).to.equal(rules.length);
  });

  it('marks what is required', () => {
    expect(section(explain('spec.scaling'), 'FIELDS').find((line) => line.startsWith('maxReplicas'))).to.contain('-required-');
    expect(explain('spec.scaling.maxReplicas')).to.contain('<int32> -required-');
  });

  for (const path of ['spec.baseRefs.name', 'spec.baseRefs[].name', 'spec.baseRefs[0].name', 'llmisvc.spec.baseRefs.name', '.spec.baseRefs.name']) {
    it(`understands ${path}`, () => expect(explain(path)).to.contain('FIELD:    spec.baseRefs.name <string>'));
  }

  it('goes into adapters, which are models themselves, and into pods', () => {
    expect(explain('spec.model.lora.adapters.lora.adapters.name')).to.contain('<string>');
    expect(explain('spec.model.lora.adapters')).to.contain('<[]object>');
    expect(explain('spec.template.containers.resources.limits')).to.contain('<map[string]');
  });

  it('explains the whole object where no field is named', () => {
    const text = explain('');
    expect(text).to.not.contain('FIELD:  ');
    expect(section(text, 'FIELDS').map((line) => line.split(' ')[0])).to.deep.equal(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  });

  it('knows the other version and the other kind', () => {
    expect(explain('spec.model.criticality', { version: 'v1alpha1' })).to.contain('serving.kserve.io/v1alpha1');
    expect(() => explain('spec.model.criticality')).to.throw(UnknownFieldError);
    expect(explain('spec.model', { kind: 'LLMInferenceServiceConfig' })).to.contain('KIND:     LLMInferenceServiceConfig');
  });

  const mistakes: [string, string][] = [
    ['spec.replica', 'spec has no field "replica"; did you mean spec.replicas?'],
    ['spec.model.url', 'spec.model has no field "url"; did you mean spec.model.uri?'],
    ['spec.config', 'spec has no field "config"; did you mean spec.router.scheduler.config?'],
    ['spec.prefill.tensor', 'did you mean spec.parallelism.tensor or spec.prefill.parallelism.tensor?'],
    ['spec.parallelism.quantum', 'spec.parallelism has no field "quantum"; its fields are tensor, pipeline'],
    ['spec.model.name.first', 'spec.model.name has no field "first"; it has no fields'],
  ];
  for (const [path, message] of mistakes) {
    it(`answers ${path} with what is near`, () => expect(() => explain(path)).to.throw(UnknownFieldError, message));
  }

  it('keeps to lines that fit a terminal', () => {
    for (const path of ['spec.template', 'spec.router.route.http.spec', 'status']) {
      for (const line of explain(path).split('\n')) expect(line.length, line).to.be.at.most(130);
    }
  });
});
