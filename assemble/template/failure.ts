/** Ends the parsing or the execution of a template. It never leaves this directory: both return it as a value. */
export class TemplateFailure extends Error {}

/** What went wrong with a template, in the words of Go's `text/template`. */
export interface TemplateProblem {
  readonly problem: string;
}

/** A text in double quotes with Go's escapes, as `%q` prints it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
