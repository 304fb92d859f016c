import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { renderTemplates } from '../../../assemble/render-templates.ts';
import { templateData } from '../../../assemble/template-data.ts';
import { type Started, type Surroundings, startContainer } from '../../support/container-start.ts';
import { ingress, service } from '../../support/router-fixtures.ts';
import { containerOf, preset } from './preset-files.ts';

export interface Start extends Surroundings {
  readonly preset: string;
  readonly pod?: 'template' | 'worker';
  readonly spec?: LLMInferenceServiceSpec;
  readonly tls?: boolean;
  /** The container's args. */
  readonly args?: readonly string[];
}

/** The preset's spec rendered for service `llama` in namespace `ns`. */
export function renderedPreset(name: string, spec: LLMInferenceServiceSpec = {}, tls = false): LLMInferenceServiceSpec {
  const stored = service({ spec: { ...spec, model: spec.model ?? { uri: 'hf://meta-llama/Llama-3.1-8B', name: 'llama-8b' } } });
  const settings = { ingress: ingress({ enableTLS: tls }) } as never;
  const data = templateData({ service: stored, spec: stored.spec!, poolOwner: stored.spec!, settings, systemNamespace: 'kserve' });
  const rendered = renderTemplates(preset(name).spec, data);
  if ('rejected' in rendered) throw new Error(String(rendered.message));
  return rendered;
}

/** The start script of a preset's container, rendered. */
export function startScriptOf({ preset: name, pod = 'template', spec, tls }: Start): string {
  const rendered = renderedPreset(name, spec, tls);
  const workload = name.startsWith('config-llm-prefill') ? rendered.prefill! : rendered;
  return containerOf(workload[pod] as never).command![2]!;
}

/** Runs a start script in bash, and tells what it ended in. */
export function start(options: Start): Started {
  const { env = {}, args = [], ...surroundings } = options;
  return startContainer({ command: ['/bin/bash', '-c', startScriptOf(options), '--'], args: [...args] }, { ...surroundings, env });
}

/** Runs the tokenizer's script in bash, and tells what it ended in. */
export function startTokenizer(tls: boolean): Started {
  const { template } = renderedPreset('config-llm-tokenizer', {}, tls).router!.scheduler!.tokenizer!;
  return startContainer(containerOf(template as never));
}
