/** Why something was refused, per field, as it stands in a Status. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The body of a failed request. */
export interface Status {
  readonly kind: 'Status';
  readonly status?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

/** The API server answered, and the answer is no. `message` is the server's own text. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly status: Status;

  constructor(code: number, status: Status) {
    super(status.message ?? `the server answered ${code}`);
    this.code = code;
    this.status = status;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }

  get causes(): readonly StatusCause[] {
    return this.status.details?.causes ?? [];
  }
}

/** The API server does not serve this kind: its CRD is missing, or serves other versions only (R3.40b). */
export class KindNotServedError extends Error {
  override readonly name = 'KindNotServedError';
  readonly apiVersion: string;
  readonly kind: string;

  constructor(kind: { apiVersion: string; kind: string }) {
    super(`no matches for kind "${kind.kind}" in version "${kind.apiVersion}"`);
    this.apiVersion = kind.apiVersion;
    this.kind = kind.kind;
  }
}

/** Reads an error body, which is a Status, or text from something in front of the server. */
export function errorFromBody(code: number, body: string): ApiError {
  try {
    const parsed = JSON.parse(body) as Status;
    if (parsed?.kind === 'Status') return new ApiError(code, parsed);
  } catch {
    // Not JSON: the text itself is the message.
  }
  const text = body.trim().slice(0, 500);
  return new ApiError(code, { kind: 'Status', code, ...(text === '' ? {} : { message: text }) });
}

const isCode = (error: unknown, code: number): error is ApiError => error instanceof ApiError && error.code === code;

/** The object (or, on create, its namespace) does not exist. A kind that is not served is `isKindNotServed`. */
export const isNotFound = (error: unknown): error is ApiError => isCode(error, 404);
export const isAlreadyExists = (error: unknown): error is ApiError => isCode(error, 409) && error.reason === 'AlreadyExists';
/** The object changed since it was read, or a precondition does not hold. */
export const isConflict = (error: unknown): error is ApiError => isCode(error, 409) && error.reason !== 'AlreadyExists';
export const isInvalid = (error: unknown): error is ApiError => isCode(error, 422);
export const isForbidden = (error: unknown): error is ApiError => isCode(error, 403);
export const isUnauthorized = (error: unknown): error is ApiError => isCode(error, 401);
/** The resourceVersion is too old to go on from. */
export const isExpired = (error: unknown): error is ApiError => isCode(error, 410);
export const isKindNotServed = (error: unknown): error is KindNotServedError => error instanceof KindNotServedError;

/** The write was refused because it changes a field that cannot change; the object would have to be recreated (B3.1). */
export function isImmutable(error: unknown): error is ApiError {
  if (!isInvalid(error)) return false;
  const texts = [error.message, ...error.causes.map((c) => c.message ?? '')];
  return texts.some((text) => /immutable|cannot change|may not change/i.test(text));
}

/** The server cannot yet serve a list as new as asked for (its watch cache lags, or etcd was restored). */
export function isTooLargeResourceVersion(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  return error.causes.some((c) => c.reason === 'ResourceVersionTooLarge') || /Too large resource version/i.test(error.message);
}

/** The text of any thrown value. */
export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
