import type { Value } from './values.ts';

/** A function that templates can call. */
export interface TemplateFunction {
  readonly least: number;
  readonly most: number;
  /** Throws TemplateFailure for arguments it cannot work with. */
  readonly call: (...args: Value[]) => Value;
}

export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;
