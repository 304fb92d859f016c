/** Ends the parsing or the execution of a template. It never leaves this directory: both return it as a value. */
export class TemplateFailure extends Error {}

/** A failure of a template that opens what it does not close, or uses what it does not open: text around it could mend that. */
export class UnbalancedTemplate extends TemplateFailure {}

/** What went wrong with a template, in the words of Go's `text/template`. */
export interface TemplateProblem {
  readonly problem: string;
  /** Text before or after the template could mend it, such as the `end` of an `if`. */
  readonly unbalanced?: true;
}

/** A text in double quotes with Go's escapes, as `%q` prints it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
