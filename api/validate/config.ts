import { type FieldError, forbidden } from '../field-error.ts';
import type { LLMInferenceServiceConfig } from '../types.ts';
import { validateSchedulerReplicas } from './scheduler.ts';

/** The field checks of a config, which are few because templates and later layers may still complete it (R1.73). */
export function validateConfigFields(config: LLMInferenceServiceConfig): FieldError[] {
  const errors: FieldError[] = [];
  if (config.spec?.baseRefs?.length) {
    errors.push(
      forbidden('spec.baseRefs', 'baseRefs is not a permitted field in LLMInferenceServiceConfig, support for recursive refs has been disabled'),
    );
  }
  return [...errors, ...validateSchedulerReplicas(config.spec?.router?.scheduler)];
}

/**
 * Whether some value that the old spec set differs in the new one. What the old spec left empty does not count, so pure
 * additions are no change; booleans and plain numbers always count (R1.78).
 */
export function changesWhatWasSet(old: unknown, current: unknown): boolean {
  if (old === undefined || old === null || old === '') return false;
  if (Array.isArray(old)) {
    if (old.length === 0) return false;
    return !Array.isArray(current) || old.length > current.length || old.some((item, i) => changesWhatWasSet(item, current[i]));
  }
  if (typeof old === 'object') {
    if (Object.keys(old).length === 0) return current === undefined || current === null;
    if (typeof current !== 'object' || current === null) return true;
    return Object.entries(old).some(([key, value]) => changesWhatWasSet(value, (current as Record<string, unknown>)[key]));
  }
  return old !== current;
}
