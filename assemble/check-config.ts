import type { Options } from '../api/options.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { LLMInferenceServiceConfig, LLMInferenceServiceSpec } from '../api/types.ts';
import { mergeSpecs } from './merge.ts';
import { renderTemplates } from './render-templates.ts';
import { sampleService } from './sample-service.ts';
import type { Settings } from './settings.ts';
import { templateData } from './template-data.ts';

/**
 * Renders a config for the sample service, to refuse broken templates when they are written (R1.74 - R1.76, R2.116). Gives the
 * rendered spec; nothing else about it is checked. As in an assembly, templates see what the config itself states.
 */
export function checkConfigTemplate(
  config: LLMInferenceServiceConfig,
  settings: Settings | undefined,
  options: Pick<Options, 'systemNamespace'>,
): LLMInferenceServiceSpec | Rejection {
  const spec = config.spec ?? {};
  const layers = [
    { origin: 'config', spec },
    { origin: 'sample', spec: sampleService.spec ?? {} },
  ];
  const visible = mergeSpecs(layers);
  if (isRejection(visible)) return visible;
  const data = templateData({ service: sampleService, spec: visible, poolOwner: spec, settings, systemNamespace: options.systemNamespace });
  return renderTemplates(spec, data);
}
