import { type CheckContext, checkFields } from './check-shape.ts';
import { isObject } from './config.ts';
import type { PluginFacts } from './shapes.ts';

/** Modes of the token producer, of which it takes one (04b §3.5). */
const tokenModes = ['vllm', 'estimate', 'udsTokenizerConfig'];

/** What pickers before 0.7.0 had in any plugin; the operator removes it (chapter 04 §8, step 5). */
const REMOVED = 'hashBlockSize';

/** Checks the parameters of a plugin: names, types, references, and what goes together. */
export function checkParameters(type: string, facts: PluginFacts, parameters: unknown, path: string, context: CheckContext): void {
  if (parameters === undefined || parameters === null || facts.parameters === 'any') return;
  checkFields(parameters, { fields: facts.parameters }, path, context, [REMOVED, ...(facts.migrated ?? [])]);
  if (!isObject(parameters)) return;
  if (type === 'token-producer' || type === 'tokenizer') {
    const modes = tokenModes.filter((mode) => mode in parameters);
    if (modes.length > 1) context.problem(path, `${modes.join(' and ')} exclude each other`);
  }
  if (type === 'session-id-producer' && 'headerName' in parameters && 'cookieName' in parameters) {
    context.problem(path, 'headerName and cookieName exclude each other');
  }
  if (type === 'prefix-based-pd-decider' && parameters.nonCachedTokens === 0) {
    context.note(`${path}.nonCachedTokens`, '0 means that no request is ever disaggregated; always-disagg-pd-decider disaggregates all of them');
  }
  if (
    type === 'disagg-profile-handler' &&
    parameters.stageOrder === 'prefill-first' &&
    isObject(parameters.deciders) &&
    parameters.deciders.prefill
  ) {
    context.problem(`${path}.stageOrder`, 'prefill-first does not go with a prefill decider');
  }
}
