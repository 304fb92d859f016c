/** A fault in one field of an object, as the API server reports it (R1.49). */
export interface FieldError {
  readonly type: FieldErrorType;
  /** Path such as `spec.model.lora.adapters[1].name`. */
  readonly field: string;
  /** The offending value; not shown for Required and Forbidden. */
  readonly value?: unknown;
  readonly detail: string;
}

/** `RuleViolated` is what a CEL rule reports: an invalid value whose value is not shown. */
export type FieldErrorType =
  | 'Invalid'
  | 'Required'
  | 'Forbidden'
  | 'NotSupported'
  | 'TypeInvalid'
  | 'TooLong'
  | 'TooMany'
  | 'Duplicate'
  | 'RuleViolated';

const texts: Record<FieldErrorType, { text: string; cause: string; showsValue: boolean }> = {
  Invalid: { text: 'Invalid value', cause: 'FieldValueInvalid', showsValue: true },
  Required: { text: 'Required value', cause: 'FieldValueRequired', showsValue: false },
  Forbidden: { text: 'Forbidden', cause: 'FieldValueForbidden', showsValue: false },
  NotSupported: { text: 'Unsupported value', cause: 'FieldValueNotSupported', showsValue: true },
  TypeInvalid: { text: 'Invalid value', cause: 'FieldValueTypeInvalid', showsValue: true },
  TooLong: { text: 'Too long', cause: 'FieldValueTooLong', showsValue: false },
  TooMany: { text: 'Too many', cause: 'FieldValueTooMany', showsValue: true },
  Duplicate: { text: 'Duplicate value', cause: 'FieldValueDuplicate', showsValue: true },
  RuleViolated: { text: 'Invalid value', cause: 'FieldValueInvalid', showsValue: false },
};

/** Longest value that is printed; whole pod specs in a message help nobody (B20). */
const LONGEST_VALUE = 120;

export const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'Invalid', field, value, detail });
export const required = (field: string, detail: string): FieldError => ({ type: 'Required', field, detail });
export const forbidden = (field: string, detail: string): FieldError => ({ type: 'Forbidden', field, detail });
export const notSupported = (field: string, value: unknown, detail: string): FieldError => ({ type: 'NotSupported', field, value, detail });

function printValue(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** The error without its path: `Invalid value: 0: scheduler replicas must be greater than zero`. */
export function errorBody({ type, value, detail }: FieldError): string {
  const { text, showsValue } = texts[type];
  return `${text}${showsValue ? `: ${printValue(value)}` : ''}${detail ? `: ${detail}` : ''}`;
}

/** Field errors as the causes of a Kubernetes Status (R1.49). */
function fieldCauses(errors: readonly FieldError[]): { reason: string; message: string; field: string }[] {
  return errors.map((e) => ({ reason: texts[e.type].cause, message: errorBody(e), field: e.field }));
}

/** A denial for field errors as a complete Kubernetes Status (R1.48). */
export function invalidStatus(kind: string, group: string, name: string, errors: readonly FieldError[]): Record<string, unknown> {
  const lines = [...new Set(errors.map((e) => `${e.field}: ${errorBody(e)}`))];
  return {
    metadata: {},
    status: 'Failure',
    code: 422,
    reason: 'Invalid',
    message: `${kind}.${group} "${name}" is invalid: ${lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`}`,
    details: {
      group,
      kind,
      name,
      causes: fieldCauses(errors),
    },
  };
}
