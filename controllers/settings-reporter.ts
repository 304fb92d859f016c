import { warnOfAutoscaling } from '../assemble/autoscaling-settings.ts';
import type { EventRecorder } from './runtime/events.ts';
import type { Informer } from './runtime/informer.ts';
import type { Part } from './runtime/manager.ts';

/**
 * Tells whoever looks at the operator's ConfigMap what is wrong with a key that only some services need, by Warning events (06 §12 items
 * 15 and 16). What concerns all services is told on them.
 */
export function createSettingsReporter(settings: Informer, events: EventRecorder): Part {
  let unsubscribe = (): unknown => undefined;
  return {
    name: 'settings reporter',
    start() {
      unsubscribe = settings.onChange((_, configMap) => {
        const warnings = configMap ? warnOfAutoscaling((configMap.data ?? {}) as Record<string, string>) : [];
        if (configMap && warnings.length > 0) {
          events.record(
            configMap,
            warnings.map((message) => ({ type: 'Warning', reason: 'SettingsInvalid', message })),
          );
        }
      });
    },
    async stop() {
      unsubscribe();
      await events.flush();
    },
  };
}
