import { errorBody, type FieldError } from '../field-error.ts';
import type { LLMInferenceServiceConfig } from '../types.ts';
import { validateService } from '../validate/service.ts';
import { warnOfService } from './service.ts';

/**
 * What a config states that no service which uses it alone could be accepted with (B18 of chapter 1). Warnings, because a later layer
 * may still override it. What is merely missing is not counted, and neither is what a template will fill in.
 */
export function warnOfConfig({ apiVersion, spec = {} }: LLMInferenceServiceConfig): string[] {
  const service = { apiVersion, kind: 'LLMInferenceService', metadata: {}, spec };
  const { errors } = validateService(service, undefined, 'v1alpha2');
  return [...errors.filter(isStated).map((error) => `${error.field}: ${errorBody(error)}`), ...warnOfService(service)];
}

/** Whether the error is about something that is there, and there for good. */
function isStated({ type, field, value }: FieldError): boolean {
  return type !== 'Required' && value !== null && !field.endsWith('.worker') && !JSON.stringify(value ?? '').includes('{{');
}
