import { STOPPED } from '../api/conditions.ts';

/**
 * What an assessment wants done to one condition: set it, or remove it from the list. Severity, transition time and the
 * order of the list are the business of whoever applies the change (R5.100).
 */
export type ConditionChange = ConditionSet | ConditionClear;

export interface ConditionSet {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
}

export interface ConditionClear {
  readonly type: string;
  readonly clear: true;
}

/** True; without reason and message unless the requirement states them (R5.100). */
export function markTrue(type: string, reason?: string, message?: string): ConditionSet {
  return { type, status: 'True', ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
}

export function markFalse(type: string, reason: string, message: string): ConditionSet {
  return { type, status: 'False', reason, message };
}

/** False for a stopped service; reason and message are the same for every condition (R5.75, R5.91). */
export function markStopped(type: string): ConditionSet {
  return markFalse(type, STOPPED.reason, STOPPED.message);
}

export function clearCondition(type: string): ConditionClear {
  return { type, clear: true };
}
