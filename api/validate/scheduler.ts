import { type FieldError, invalid } from '../field-error.ts';
import type { SchedulerSpec } from '../types.ts';

const PATH = 'spec.router.scheduler';

/** Checks the number of schedulers (V16), for services and configs. */
export function validateSchedulerReplicas(scheduler: SchedulerSpec | undefined): FieldError[] {
  const replicas = scheduler?.replicas;
  return replicas !== undefined && replicas <= 0 ? [invalid(`${PATH}.replicas`, replicas, 'scheduler replicas must be greater than zero')] : [];
}

/** Checks where the endpoint picker's configuration comes from (V16 - V20). Its content is not looked at here. */
export function validateScheduler(scheduler: SchedulerSpec | undefined): FieldError[] {
  const errors = validateSchedulerReplicas(scheduler);
  const config = scheduler?.config;
  if (!config) return errors;
  const { inline, ref } = config;
  if (inline === undefined && ref === undefined) errors.push(invalid(`${PATH}.config`, config, 'either inline or ref is required'));
  if (inline !== undefined && ref !== undefined) {
    errors.push(invalid(`${PATH}.config`, config, 'both inline and ref are set, either specify inline or ref'));
  }
  if (inline !== undefined && JSON.stringify(inline).length < 3) {
    errors.push(invalid(`${PATH}.config.inline`, inline, 'inline configuration is invalid: it is empty'));
  }
  if (ref !== undefined && !ref.name) errors.push(invalid(`${PATH}.config.ref.name`, ref, 'name is empty'));
  return errors;
}
