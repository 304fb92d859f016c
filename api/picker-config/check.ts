import { reached, type Version } from '../version.ts';
import { API_VERSION, featureGates, KIND, LEGACY_API_VERSION, pluginFacts, sections } from './catalogue.ts';
import { checkHandlers } from './check-handlers.ts';
import { checkParameters } from './check-parameters.ts';
import { type CheckContext, checkShape } from './check-shape.ts';
import { isObject, type PickerConfig, pluginName, pluginsOf } from './config.ts';

/** Something that a picker does not start with (`problem`), or that deserves a second look (`note`), and where it stands. */
export interface Finding {
  readonly level: 'problem' | 'note';
  /** Below the config, such as `plugins[2].parameters.threshold`; empty for the config as a whole. */
  readonly path: string;
  readonly text: string;
}

/**
 * What is wrong with an EndpointPickerConfig for a picker of a version (R4b.20, R4b.21), before the operator brings it to that
 * version: what it migrates is no finding. Plugin types and their parameters are only looked at from 0.9.0 on, when pickers
 * became strict about them. The order is that of the config.
 */
export function checkPickerConfig(config: unknown, version: Version): Finding[] {
  if (!isObject(config)) return [{ level: 'problem', path: '', text: `is no ${KIND}` }];
  const findings: Finding[] = [];
  const strict = reached(version, '0.9.0');
  const context: CheckContext = {
    version,
    plugins: declaredPlugins(config),
    profiles: profileNames(config),
    problem: (path, text) => findings.push({ level: 'problem', path, text }),
    note: (path, text) => findings.push({ level: 'note', path, text }),
  };
  checkHead(config, context, strict);
  checkPlugins(config, context, strict);
  checkProfiles(config, context);
  checkHandlers(config, context);
  if (!strict) return findings;
  checkFeatureGates(config, context);
  for (const [name, shape] of Object.entries(sections)) checkShape(config[name], shape, name, context);
  return findings;
}

function declaredPlugins(config: PickerConfig): Map<string, string> {
  const named = (pluginsOf(config) ?? []).filter(isObject).map((plugin): [string, string] => [String(pluginName(plugin)), String(plugin.type)]);
  return new Map(named.reverse());
}

function profileNames(config: PickerConfig): Set<string> {
  const profiles = Array.isArray(config.schedulingProfiles) ? config.schedulingProfiles : [];
  return new Set(profiles.filter(isObject).map(({ name }) => String(name)));
}

function checkHead(config: PickerConfig, { problem }: CheckContext, strict: boolean): void {
  const { apiVersion, kind } = config;
  const versions = strict ? [API_VERSION, LEGACY_API_VERSION] : [LEGACY_API_VERSION];
  const stated = (value: unknown): string => (value === undefined ? ' and is missing' : `, not ${JSON.stringify(value)}`);
  if (!versions.includes(String(apiVersion))) problem('apiVersion', `should be ${versions[0]}${stated(apiVersion)}`);
  if (kind !== KIND) problem('kind', `should be ${KIND}${stated(kind)}`);
  const known = [...Object.keys(sections), 'plugins', 'schedulingProfiles'];
  for (const field of Object.keys(config).filter((name) => !known.includes(name))) problem(field, `no field of an ${KIND}`);
}

function checkPlugins(config: PickerConfig, context: CheckContext, strict: boolean): void {
  const { plugins } = config;
  if (plugins === undefined || plugins === null) return;
  if (!Array.isArray(plugins)) {
    context.problem('plugins', 'must be a list');
    return;
  }
  const names = new Map<string, number>();
  for (const [i, plugin] of plugins.entries()) {
    const path = `plugins[${i}]`;
    if (!isObject(plugin) || typeof plugin.type !== 'string' || plugin.type === '') {
      context.problem(path, 'must be an object with a type');
      continue;
    }
    const name = String(pluginName(plugin));
    const first = names.get(name);
    if (first === undefined) names.set(name, i);
    else context.problem(path, `the name ${JSON.stringify(name)} is taken by plugins[${first}]`);
    for (const field of Object.keys(plugin).filter((key) => !['name', 'type', 'parameters'].includes(key))) {
      context.problem(`${path}.${field}`, 'no field of a plugin');
    }
    if (strict) checkType(plugin.type, plugin.parameters, path, context);
  }
}

function checkType(type: string, parameters: unknown, path: string, context: CheckContext): void {
  const facts = pluginFacts(type);
  if (facts === undefined) {
    context.note(`${path}.type`, `${JSON.stringify(type)} is no plugin of the endpoint picker; a picker of your own must bring it`);
    return;
  }
  if (facts.since !== undefined && !reached(context.version, facts.since))
    context.problem(`${path}.type`, `${type} needs an endpoint picker of ${facts.since} or later`);
  if (facts.until !== undefined && reached(context.version, facts.until)) context.problem(`${path}.type`, `${type} is gone since ${facts.until}`);
  checkParameters(type, facts, parameters, `${path}.parameters`, context);
}

function checkProfiles({ schedulingProfiles }: PickerConfig, context: CheckContext): void {
  if (schedulingProfiles === undefined || schedulingProfiles === null) return;
  if (!Array.isArray(schedulingProfiles)) {
    context.problem('schedulingProfiles', 'must be a list');
    return;
  }
  const names = new Map<string, number>();
  for (const [i, profile] of schedulingProfiles.entries()) {
    const path = `schedulingProfiles[${i}]`;
    checkShape(profile, profileShape, path, context);
    const name = isObject(profile) ? profile.name : undefined;
    if (typeof name !== 'string' || name === '') {
      context.problem(`${path}.name`, 'is missing');
      continue;
    }
    const first = names.get(name);
    if (first === undefined) names.set(name, i);
    else context.problem(`${path}.name`, `the name ${JSON.stringify(name)} is taken by schedulingProfiles[${first}]`);
  }
}

const profileShape = {
  fields: { name: 'string', plugins: { list: { fields: { pluginRef: { declared: true }, weight: 'number' } } } },
} as const;

function checkFeatureGates({ featureGates: stated }: PickerConfig, { version, problem }: CheckContext): void {
  if (!Array.isArray(stated)) return;
  for (const [i, entry] of stated.entries()) {
    const [name = '', value = 'true'] = String(entry).split('=');
    const path = `featureGates[${i}]`;
    const gate = featureGates[name];
    if (gate === undefined) problem(path, `${JSON.stringify(name)} is no feature gate of the endpoint picker`);
    else if (gate.until !== undefined && reached(version, gate.until)) problem(path, `${name} is gone since ${gate.until}`);
    else if (gate.since !== undefined && !reached(version, gate.since)) problem(path, `${name} needs an endpoint picker of ${gate.since} or later`);
    if (!['true', 'false'].includes(value)) problem(path, `write ${name}, ${name}=true or ${name}=false`);
  }
}
