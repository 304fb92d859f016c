import { labels, PART_OF } from '../api/metadata.ts';
import { childName, suffixes } from '../api/names.ts';
import type { LLMInferenceServiceSpec, SchedulerSpec } from '../api/types.ts';

/** Defaults of the scheduler that templates can already see: the pool's selector (R2.60) and the service account (R2.61). */
export function withSchedulerDefaults(spec: LLMInferenceServiceSpec, serviceName: string): LLMInferenceServiceSpec {
  const scheduler = spec.router?.scheduler;
  if (!scheduler) return spec;
  return { ...spec, router: { ...spec.router, scheduler: withServiceAccount(withSelector(scheduler, serviceName), serviceName) } };
}

function withSelector(scheduler: SchedulerSpec, serviceName: string): SchedulerSpec {
  const pool = scheduler.pool?.spec;
  if (!pool || Object.keys(pool.selector?.matchLabels ?? {}).length > 0) return scheduler;
  const matchLabels = { [labels.name]: serviceName, [labels.partOf]: PART_OF, [labels.kserveComponent]: 'workload' };
  return { ...scheduler, pool: { ...scheduler.pool, spec: { ...pool, selector: { ...pool.selector, matchLabels } } } };
}

function withServiceAccount(scheduler: SchedulerSpec, serviceName: string): SchedulerSpec {
  const { template } = scheduler;
  if (!template || template.serviceAccountName) return scheduler;
  return { ...scheduler, template: { ...template, serviceAccountName: childName(serviceName, suffixes.schedulerServiceAccount) } };
}
