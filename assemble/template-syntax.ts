import { type FieldError, invalid } from '../api/field-error.ts';
import type { LLMInferenceServiceSpec } from '../api/types.ts';
import { templateProblem } from './render-templates.ts';

/**
 * The strings of a spec whose `{{ }}` is no template, such as a chat template that somebody put into an argument. No config and
 * no setting makes such a service assemble. What the rest of the text could still mend is left out: templates may span strings,
 * also those of several layers.
 */
export function checkTemplateSyntax(spec: LLMInferenceServiceSpec | undefined): FieldError[] {
  return check(spec, 'spec');
}

function check(value: unknown, path: string): FieldError[] {
  if (typeof value === 'string') return checkText(value, path);
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => check(item, `${path}[${i}]`));
  return Object.entries(value).flatMap(([key, child]) => [...checkText(key, `${path}.${key}`), ...check(child, `${path}.${key}`)]);
}

function checkText(text: string, path: string): FieldError[] {
  const found = templateProblem(text);
  if (found === undefined || found.unbalanced) return [];
  return [invalid(path, text, `cannot be rendered as a template: ${found.problem}; write {{ \`{{\` }} for braces that are meant literally`)];
}
