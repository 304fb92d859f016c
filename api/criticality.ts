import { annotations as keys } from './metadata.ts';
import type { LLMInferenceService, ModelSpec } from './types.ts';

/** A model of either version: in v1alpha1 it and its adapters have a criticality, in v1alpha2 annotations hold it (R1 §11.2). */
export type AnyModel = ModelSpec & { criticality?: string };
type Annotations = Record<string, string>;

const CRITICALITIES: ReadonlySet<unknown> = new Set(['Critical', 'Standard', 'Sheddable']);

/** The adapters of a model; the schema leaves the list open, so anything may stand there. */
export function adaptersOf(model: AnyModel | undefined): AnyModel[] {
  const adapters: unknown = model?.lora?.adapters;
  return Array.isArray(adapters) ? adapters.filter((a): a is AnyModel => typeof a === 'object' && a !== null) : [];
}

/** Moves the criticalities of a v1alpha1 model, the caller's own copy, into annotations. Without any, those that are there stay. */
export function moveCriticalitiesOut(model: AnyModel, annotations: Annotations): void {
  if (model.criticality) annotations[keys.modelCriticality] = model.criticality;
  delete model.criticality;
  const byIndex: Record<string, string> = {};
  adaptersOf(model).forEach((adapter, i) => {
    if (adapter.criticality) byIndex[i] = adapter.criticality;
    delete adapter.criticality;
  });
  if (Object.keys(byIndex).length > 0) annotations[keys.loraCriticalities] = JSON.stringify(byIndex);
}

/**
 * Moves criticalities from annotations into a v1alpha1 model, the caller's own copy. Values outside the enum would make the object
 * unreadable there, so they stay in the annotation, as does a text that cannot be read (B2).
 */
export function moveCriticalitiesIn(model: AnyModel | undefined, annotations: Annotations): void {
  const own = annotations[keys.modelCriticality];
  if (model && CRITICALITIES.has(own)) {
    Object.assign(model, { criticality: own });
    delete annotations[keys.modelCriticality];
  }
  const byIndex = parseIndex(annotations[keys.loraCriticalities]);
  if (!byIndex) return;
  adaptersOf(model).forEach((adapter, i) => {
    if (CRITICALITIES.has(byIndex[i])) Object.assign(adapter, { criticality: byIndex[i] });
  });
  delete annotations[keys.loraCriticalities];
}

/**
 * The service with the criticalities of its adapters at the adapters' new places. The annotation goes by index, so it has to follow
 * when adapters are reordered, inserted or removed in v1alpha2 (B2). A client that changes the annotation itself is left alone.
 *
 * @param old the service as it was stored
 */
export function followAdapters(service: LLMInferenceService, old: LLMInferenceService): LLMInferenceService {
  const text = service.metadata.annotations?.[keys.loraCriticalities];
  const byIndex = text === old.metadata.annotations?.[keys.loraCriticalities] ? parseIndex(text) : undefined;
  if (!byIndex) return service;
  const [before, after] = [adaptersOf(old.spec?.model), adaptersOf(service.spec?.model)];
  if (before.length === after.length && before.every(({ name }, i) => name === after[i]?.name)) return service;
  const knownNames = new Set(before.map(({ name }) => name));
  const placeOf = ({ name, uri }: AnyModel): number => {
    const sameName = after.findIndex((adapter) => adapter.name === name);
    return sameName >= 0 ? sameName : after.findIndex((adapter) => adapter.uri === uri && !knownNames.has(adapter.name));
  };
  const moved = before
    .map((adapter, i): [number, unknown] => [placeOf(adapter), byIndex[i]])
    .filter(([place, value]) => place >= 0 && value !== undefined);
  const { [keys.loraCriticalities]: _, ...others } = service.metadata.annotations ?? {};
  const annotations = moved.length > 0 ? { ...others, [keys.loraCriticalities]: JSON.stringify(Object.fromEntries(moved)) } : others;
  return { ...service, metadata: { ...service.metadata, annotations } };
}

function parseIndex(text: string | undefined): Record<string, unknown> | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
