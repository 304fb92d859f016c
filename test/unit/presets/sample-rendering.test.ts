import { expect } from 'chai';
import { defaultOptions } from '../../../api/options.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { checkConfigTemplate } from '../../../assemble/check-config.ts';
import type { Settings } from '../../../assemble/settings.ts';
import { ingress } from '../../support/router-fixtures.ts';
import { containerOf, preset, presetFiles } from './preset-files.ts';

const settings = { ingress: ingress({ enableTLS: false }) } as Settings;

function renderedForSample(name: string): LLMInferenceServiceSpec {
  const rendered = checkConfigTemplate(preset(name), settings, defaultOptions);
  if (isRejection(rendered)) throw new Error(rendered.message);
  return rendered;
}

describe('a preset rendered for the sample service (R2b.3)', () => {
  for (const file of presetFiles) {
    const name = file.replace('.yaml', '');
    it(`has no action left: ${name}`, () => expect(JSON.stringify(renderedForSample(name))).to.not.contain('{{'));
  }

  it('has a sidecar that knows the default pool, and empty words where TLS is off (R2b.32)', () => {
    const { template } = renderedForSample('config-llm-decode-worker-data-parallel');
    expect(containerOf(template as never, 'llm-d-routing-sidecar').command).to.deep.equal([
      '/app/pd-sidecar',
      '--port=8000',
      '--vllm-port=8001',
      '--kv-connector=nixlv2',
      '--enable-ssrf-protection=true',
      '--pool-group=inference.networking.x-k8s.io',
      '--inference-pool=test-llm-preset-test/test-llm-preset-inference-pool',
      '--secure-proxy=false',
      '',
      '',
      '',
    ]);
    expect(template!.volumes!.at(-1)).to.deep.equal({ name: 'tls-certs', secret: { secretName: 'test-llm-preset-kserve-self-signed-certs' } });
  });

  it('keeps the picker at fifteen words', () => {
    const { command } = containerOf(renderedForSample('config-llm-scheduler').router!.scheduler!.template as never);
    expect(command!.slice(0, 5)).to.deep.equal([
      '/app/epp',
      '--pool-name',
      'test-llm-preset-inference-pool',
      '--pool-namespace',
      'test-llm-preset-test',
    ]);
    expect(command!.slice(11)).to.deep.equal(['', '', '', '']);
  });
});
