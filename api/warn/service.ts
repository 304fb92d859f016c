import type { LLMInferenceService } from '../types.ts';
import { warnOfCacheEvents } from './cache-events.ts';
import { warnOfModel } from './model.ts';
import { warnOfRouter } from './router.ts';
import { warnOfScheduler } from './scheduler.ts';
import { warnOfWorkload } from './workload.ts';

/**
 * What a valid service states that its author should know about: accepted, as everything the reference accepts, but without effect or
 * bound to fail later (B10 - B19 of chapter 1). Each starts with the path of its field.
 *
 * @param old the stored object on UPDATE
 */
export function warnOfService({ spec = {} }: LLMInferenceService, old?: LLMInferenceService): string[] {
  return [
    ...warnOfModel(spec),
    ...warnOfRouter(spec),
    ...warnOfScheduler(spec.router?.scheduler),
    ...warnOfCacheEvents(spec),
    ...warnOfWorkload(spec, old?.spec, 'spec'),
    ...(spec.prefill ? warnOfWorkload(spec.prefill, old?.spec?.prefill, 'spec.prefill') : []),
  ];
}
