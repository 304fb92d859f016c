import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkStructure } from '../../../api/structure.ts';
import { generatePresets } from '../../../scripts/generate-presets.ts';
import { preset, presetFiles } from './preset-files.ts';

describe('the preset files', () => {
  it('are the eleven of the reference, named after their objects (R2b.1)', () => {
    expect(presetFiles.toSorted()).to.deep.equal([
      'config-llm-decode-template.yaml',
      'config-llm-decode-worker-data-parallel.yaml',
      'config-llm-prefill-template.yaml',
      'config-llm-prefill-worker-data-parallel.yaml',
      'config-llm-router-route.yaml',
      'config-llm-scheduler-latency-predictor.yaml',
      'config-llm-scheduler.yaml',
      'config-llm-template.yaml',
      'config-llm-tokenizer.yaml',
      'config-llm-tracing.yaml',
      'config-llm-worker-data-parallel.yaml',
    ]);
  });

  for (const file of presetFiles) {
    const name = file.replace('.yaml', '');

    it(`${name} is a v1alpha2 config without a namespace of its own`, () => {
      const { apiVersion, kind, metadata } = preset(name);
      expect({ apiVersion, kind, metadata }).to.deep.equal({
        apiVersion: 'serving.kserve.io/v1alpha2',
        kind: 'LLMInferenceServiceConfig',
        metadata: { name: `kserve-${name}` },
      });
    });

    it(`${name} is accepted by the schema unrendered (R2b.3)`, () => {
      expect(checkStructure(preset(name))).to.deep.equal([]);
    });

    it(`${name} quotes strings in template actions with back quotes only (R2.63)`, () => {
      const actions = JSON.stringify(preset(name).spec).match(/\{\{.*?\}\}/g) ?? [];
      expect(actions.filter((action) => action.includes('\\'))).to.deep.equal([]);
    });
  }

  it('are up to date with presets/source', () => {
    for (const [path, content] of generatePresets()) {
      expect(readFileSync(join(import.meta.dirname, '../../..', path), 'utf8'), path).to.equal(content);
    }
  });
});
