import type { SchedulerSpec } from '../types.ts';

const PATH = 'spec.router.scheduler.config.inline';
const KIND = 'EndpointPickerConfig';

/** Top-level fields of an EndpointPickerConfig (R4b.10). */
const FIELDS: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'featureGates',
  'plugins',
  'schedulingProfiles',
  'dataLayer',
  'flowControl',
  'requestHandler',
  'saturationDetector',
  'parser',
]);

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * What would keep the endpoint picker from starting with its inline configuration (B14 of chapter 1, R4b.20, R4b.21). Plugin types are
 * not judged, because custom pickers bring their own; text that is not parsed yet is not looked into.
 */
export function warnOfScheduler(scheduler: SchedulerSpec | undefined): string[] {
  const inline: unknown = scheduler?.config?.inline;
  if (!isFields(inline)) return [];
  const { kind, plugins } = inline;
  const warnings: string[] = [];
  if (kind !== KIND) warnings.push(`${PATH}.kind: should be ${KIND}${kind === undefined ? ' and is missing' : `, not ${JSON.stringify(kind)}`}`);
  for (const field of Object.keys(inline).filter((name) => !FIELDS.has(name))) warnings.push(`${PATH}.${field}: no field of an ${KIND}`);
  const names = new Map<string, number>();
  const handlers: number[] = [];
  listOf(plugins).forEach((plugin, i) => {
    if (!isFields(plugin)) return;
    const type = textOf(plugin.type) ?? '';
    const name = textOf(plugin.name) ?? type;
    const first = names.get(name);
    if (first === undefined) names.set(name, i);
    else warnings.push(`${PATH}.plugins[${i}]: the name ${JSON.stringify(name)} is taken by plugins[${first}]`);
    if (type.endsWith('profile-handler')) handlers.push(i);
  });
  if (handlers.length > 1) warnings.push(`${PATH}.plugins[${handlers[1]}]: is a second profile handler; a picker takes one`);
  return [...warnings, ...warnOfReferences(inline, names)];
}

function warnOfReferences({ schedulingProfiles }: Fields, names: ReadonlyMap<string, number>): string[] {
  return listOf(schedulingProfiles).flatMap((profile, i) =>
    listOf(isFields(profile) ? profile.plugins : undefined).flatMap((entry, j) => {
      const reference = isFields(entry) ? textOf(entry.pluginRef) : undefined;
      if (reference === undefined || names.has(reference)) return [];
      return [`${PATH}.schedulingProfiles[${i}].plugins[${j}].pluginRef: no plugin is named ${JSON.stringify(reference)}`];
    }),
  );
}
