import { pluginFacts } from './catalogue.ts';
import type { CheckContext } from './check-shape.ts';
import { isObject, type PickerConfig, type Plugin, pluginsOf } from './config.ts';

/** What pickers of old called it is renamed by the operator (chapter 04 §8, step 3). */
const disaggregating = ['disagg-profile-handler', 'pd-profile-handler'];

/** Exactly one plugin decides which profiles run; with one profile the picker brings it along (R4b.20). */
export function checkHandlers(config: PickerConfig, context: CheckContext): void {
  const declared = (pluginsOf(config) ?? []).map((plugin, index) => ({ plugin, index }));
  const handlers = declared.flatMap(({ plugin, index }) => (isObject(plugin) && isHandler(plugin) ? [{ plugin, index }] : []));
  const [handler, second] = handlers;
  if (second !== undefined) context.problem(`plugins[${second.index}]`, 'is a second profile handler; a picker takes one');
  const profiles = context.profiles.size;
  if (handler === undefined) {
    const custom = declared.some(({ plugin }) => isObject(plugin) && pluginFacts(String(plugin.type)) === undefined);
    if (profiles > 1 && !custom) context.problem('plugins', `${profiles} scheduling profiles need a profile handler`);
    return;
  }
  const path = `plugins[${handler.index}]`;
  if (handler.plugin.type === 'single-profile-handler' && profiles > 1) context.problem(path, `cannot handle ${profiles} scheduling profiles`);
  if (disaggregating.includes(String(handler.plugin.type))) checkStages(handler.plugin, path, context);
}

function isHandler({ type }: Plugin): boolean {
  const facts = pluginFacts(String(type));
  return facts === undefined ? String(type).endsWith('profile-handler') : facts.role === 'profileHandler';
}

/** The stages of disaggregation that are on have a profile each, under its default name unless another one is stated (04b §3.4). */
function checkStages({ parameters }: Plugin, path: string, { profiles, problem }: CheckContext): void {
  const stated = isObject(parameters) ? parameters : {};
  const names = isObject(stated.profiles) ? stated.profiles : {};
  const deciders = isObject(stated.deciders) ? stated.deciders : {};
  const on = ['decode', ...['prefill', 'encode'].filter((stage) => deciders[stage] || stated[`${stage}DeciderPluginName`])];
  for (const stage of on) {
    const given = names[stage] ?? stated[`${stage}Profile`];
    if (given === undefined && !profiles.has(stage)) problem(path, `no profile is named ${stage}`);
  }
}
