import { checkPickerConfig, type Finding } from '../../api/picker-config/check.ts';
import { isUnknown, SHIPPED_PICKER } from '../../api/picker-config/version.ts';
import { isRejection } from '../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../api/types.ts';
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
