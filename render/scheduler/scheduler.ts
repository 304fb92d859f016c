import type { Inquiry } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import { externalPoolName } from '../../api/predicates.ts';
import { isRejection } from '../../api/rejection.ts';
import { inlineSchedulerConfig, listsPlugin } from '../../assemble/scheduler-config.ts';
import type { Context, EventText, Stage } from '../children.ts';
import { childRef, isGenerationObserved, nameOf } from '../identity.ts';
import { accessRefs, chooseAccount, renderAccess } from './access.ts';
import { renderPicker } from './picker.ts';
import { pickerServiceRefs, renderPickerService } from './picker-service.ts';
import { poolRefs, renderPools } from './pools.ts';
import { renderTokenizer, tokenizerRefs } from './tokenizer.ts';

/** Whether the operator runs the service's scheduler: it is not stopped and its pool is not somebody else's (R4.3). */
export function isManagedScheduler({ spec, stopped }: Pick<Context, 'spec' | 'stopped'>): boolean {
  const scheduler = spec.router?.scheduler;
  return !stopped && scheduler?.template !== undefined && externalPoolName(scheduler) === undefined;
}

/**
 * Everything that belongs to `spec.router.scheduler`, or its absence (R4.3, R4.4). The pools come before the picker, which
 * does not live without them (B4.34), and the tokenizer before the picker, which looks up its name. A stage that cannot be
 * rendered is the last one. Deletion is decided from names alone (B4.6).
 */
export function* renderScheduler(context: Context): Inquiry<Stage[]> {
  const events = deprecations(context);
  const scheduler = context.spec.router?.scheduler;
  if (scheduler?.template === undefined || !isManagedScheduler(context)) return yield* withoutScheduler(context, events);

  const account = yield* chooseAccount(context);
  if (isRejection(account)) return [{ name: 'schedulerAccess', present: [], absent: [], events, rejection: account }];
  const stages: Stage[] = [{ ...renderAccess(context, account), events }];
  const following = [
    renderPools(context),
    renderTokenizer(context, account.content),
    renderPicker(context, scheduler, scheduler.template, account.content),
    renderPickerService(context, scheduler.template),
  ];
  for (const inquiry of following) {
    const stage = yield* inquiry;
    stages.push(stage);
    if (stage.rejection !== undefined) break;
  }
  return stages;
}

/** Nothing of a scheduler is left, nor of its permissions (R4.12, B4.7). */
function* withoutScheduler(context: Context, events: readonly EventText[]): Inquiry<Stage[]> {
  return [
    { name: 'schedulerAccess', present: [], absent: accessRefs(context), events },
    { name: 'pools', present: [], absent: yield* poolRefs(context) },
    { name: 'tokenizer', present: [], absent: tokenizerRefs(context) },
    { name: 'scheduler', present: [], absent: [childRef(context, kinds.deployment, nameOf(context, 'scheduler'))] },
    { name: 'schedulerService', present: [], absent: yield* pickerServiceRefs(context) },
  ];
}

/** The warning about the scorer that has been split into three plugins (R4.5), once per generation (B4.30). */
function deprecations(context: Context): readonly EventText[] {
  const { spec, service } = context;
  if (isGenerationObserved(context) || !listsPlugin(inlineSchedulerConfig(spec), 'precise-prefix-cache-scorer')) return [];
  const message = `LLMInferenceService "${service.metadata.name}" uses the deprecated scheduler plugin precise-prefix-cache-scorer; declare token-producer, precise-prefix-cache-producer and prefix-cache-scorer instead`;
  return [{ type: 'Warning', reason: 'DeprecatedPlugin', message }];
}
