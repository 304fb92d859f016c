/**
 * An expected failure, as a value. `message` is for the user; `reason` is a CamelCase word that can stand in a condition;
 * `field` is the path of the field that caused it, where there is one (`spec.model.uri`).
 * `retry` says that the same inputs may do better later, or that nobody tells when they change: then the pass is repeated with
 * backoff. Everything else waits for the event of a changed input (R2.93).
 */
export interface Rejection {
  readonly rejected: true;
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
  readonly retry: boolean;
}

export function reject(reason: string, message: string, options: { field?: string; retry?: boolean } = {}): Rejection {
  const { field, retry = false } = options;
  return { rejected: true, reason, message, retry, ...(field === undefined ? {} : { field }) };
}

export function isRejection(value: unknown): value is Rejection {
  return typeof value === 'object' && value !== null && (value as { rejected?: unknown }).rejected === true;
}

/** The same failure seen from one step further out: `<prefix>: <message>`, and the reason of that step where it has its own. */
export function withinStep(rejection: Rejection, prefix: string, reason: string = rejection.reason): Rejection {
  return { ...rejection, reason, message: `${prefix}: ${rejection.message}` };
}
