import { conditionTypes } from '../../api/conditions.ts';
import type { EventText } from '../../api/event-text.ts';
import type { LLMInferenceServiceStatus } from '../../api/types.ts';
import type { StoredService } from './pass.ts';

const isReady = (status: LLMInferenceServiceStatus | undefined): string | undefined =>
  status?.conditions?.find(({ type }) => type === conditionTypes.ready)?.status;

/** What to say about a change of readiness (R3.10 step 5). A change to Unknown is not told. */
export function readinessEvents(before: StoredService, after: LLMInferenceServiceStatus): EventText[] {
  const [was, is] = [isReady(before.status), isReady(after)];
  const { name } = before.metadata;
  if (was === 'True' && is === 'False') {
    const failing = (after.conditions ?? [])
      .filter(({ type, status }) => status === 'False' && type !== conditionTypes.ready)
      .map(({ type }) => type);
    const message = `LLMInferenceService [${name}] is no longer Ready because of: ${failing.join(', ')}`;
    return [{ type: 'Warning', reason: 'LLMInferenceServiceNotReady', message }];
  }
  if (was !== 'True' && is === 'True') {
    return [{ type: 'Normal', reason: 'LLMInferenceServiceReady', message: `LLMInferenceService [${name}] is Ready` }];
  }
  return [];
}
