import { type FieldError, forbidden } from '../field-error.ts';
import { canonicalQuantity } from '../quantity.ts';
import { type MergeNode, type MergeScalar, specMergeSchema } from '../schema/merge-schema.ts';
import type { LLMInferenceServiceConfig } from '../types.ts';
import { validateSchedulerReplicas } from './scheduler.ts';

/** The field checks of a config, which are few because templates and later layers may still complete it (R1.73). */
export function validateConfigFields(config: LLMInferenceServiceConfig): FieldError[] {
  const errors: FieldError[] = [];
  if (config.spec?.baseRefs?.length) {
    errors.push(
      forbidden('spec.baseRefs', 'baseRefs is not a permitted field in LLMInferenceServiceConfig, support for recursive refs has been disabled'),
    );
  }
  return [...errors, ...validateSchedulerReplicas(config.spec?.router?.scheduler)];
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isUnset = (value: unknown): boolean => value === undefined || value === null || value === '';

const FREE: MergeNode = { kind: 'free' };
const QUANTITY: MergeNode = { kind: 'scalar', scalar: 'quantity', nullable: false };

function memberOf(node: MergeNode, name: string): MergeNode {
  if (node.kind === 'object') return node.fields[name] ?? FREE;
  return node.kind === 'map' && node.values === 'quantity' ? QUANTITY : FREE;
}

/**
 * Whether some value that the old spec of a config set differs in the current one, both in the hub version (R1.78). What the old
 * spec left empty does not count, so pure additions are no change. Booleans and numbers that cannot be absent in the Go type (no
 * `pointer` in the schema) are always set.
 */
export function changesWhatWasSet(old: unknown, current: unknown, node: MergeNode = specMergeSchema): boolean {
  if (node.kind === 'scalar') return changesScalar(old, current, node);
  if (isUnset(old)) return false;
  if (Array.isArray(old)) return old.length > 0 && changesList(old, current, node.kind === 'list' ? node.items : FREE);
  if (!isFields(old)) return old !== current;
  // A map without entries says nothing; an object without fields says that it is there.
  if (!isFields(current)) return node.kind !== 'map' || Object.keys(old).length > 0;
  const names = new Set([...Object.keys(old), ...(node.kind === 'object' ? Object.keys(node.fields) : [])]);
  return [...names].some((name) => changesWhatWasSet(old[name], current[name], memberOf(node, name)));
}

function changesList(old: readonly unknown[], current: unknown, items: MergeNode): boolean {
  return !Array.isArray(current) || old.length > current.length || old.some((item, i) => changesWhatWasSet(item, current[i], items));
}

function changesScalar(old: unknown, current: unknown, { scalar, nullable }: MergeScalar): boolean {
  if (!nullable && scalar === 'boolean') return (old ?? false) !== (current ?? false);
  if (!nullable && scalar === 'number') return (old ?? 0) !== (current ?? 0);
  if (isUnset(old)) return false;
  return scalar === 'quantity' ? amount(old) !== amount(current) : old !== current;
}

const amount = (quantity: unknown): string => (isUnset(quantity) ? '' : canonicalQuantity(String(quantity)));
