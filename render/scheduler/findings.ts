import { checkPickerConfig, type Finding } from '../../api/picker-config/check.ts';
import { isUnknown, SHIPPED_PICKER } from '../../api/picker-config/version.ts';
import { isRejection } from '../../api/rejection.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../../api/types.ts';
import { printFindings } from '../../api/warn/scheduler.ts';
import type { Assembled } from '../../assemble/assemble.ts';
import { inlineSchedulerConfig } from '../../assemble/scheduler-config.ts';
import { containers, findContainer } from '../pod-spec.ts';
import { readYaml } from './config-yaml.ts';
import { pickerGate } from './gate.ts';

/**
 * What is to be said about the configuration that an effective spec gives its endpoint picker, be it inline, from a ConfigMap or in
 * the template (B4.4). A default of the operator's own has no findings, and neither has a file in the picker's image.
 */
export function schedulerFindings(spec: LLMInferenceServiceSpec): readonly Finding[] {
  const scheduler = spec.router?.scheduler;
  const config = inlineSchedulerConfig(spec);
  if (config === undefined) return [];
  const gate = pickerGate(scheduler?.annotations ?? {}, findContainer(scheduler?.template ?? {}, containers.main)?.image);
  if (isRejection(gate)) return [];
  return checkPickerConfig(typeof config === 'string' ? readYaml(config) : config, isUnknown(gate.version) ? SHIPPED_PICKER : gate.version);
}

/**
 * Warnings about a scheduler configuration that the service does not state itself: from a ConfigMap, a config or the template. Its own
 * is looked at without rendering (`warnOfService`).
 */
export function warnOfForeignConfig({ spec }: LLMInferenceService, { spec: effective, schedulerConfigMap: source }: Assembled): string[] {
  if (spec?.router?.scheduler?.config?.inline != null) return [];
  const place = source ? `ConfigMap ${source.namespace}/${source.name}, EndpointPickerConfig` : 'EndpointPickerConfig';
  return printFindings(schedulerFindings(effective), place);
}
