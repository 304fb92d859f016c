import { type FieldError, invalid, required } from '../field-error.ts';
import { parseQuantity } from '../quantity.ts';
import type { FileSystemTierSpec, WorkloadSpec } from '../types.ts';

/** Checks the secondary tiers of KV-cache offloading of one workload (V38 - V44). */
export function validateKvCache(workload: WorkloadSpec, path: string): FieldError[] {
  const offloading = workload.kvCacheOffloading;
  if (!offloading?.secondary?.length) return [];
  const at = `${path}.kvCacheOffloading`;
  const errors: FieldError[] = [];
  if (isZero(offloading.cpu)) errors.push(required(`${at}.cpu`, 'cpu must be set when secondary tiers are configured'));
  offloading.secondary.forEach((tier, i) => {
    const field = `${at}.secondary[${i}].fileSystem`;
    if (tier.fileSystem) errors.push(...validateTier(tier.fileSystem, field));
    else errors.push(required(field, 'only fileSystem tiers are supported; fileSystem must be set'));
  });
  return errors;
}

function isZero(quantity: string | number | undefined): boolean {
  return quantity === undefined || parseQuantity(quantity) === 0;
}

function validateTier(tier: FileSystemTierSpec, field: string): FieldError[] {
  const { emptyDir, pvc } = tier;
  if (!emptyDir && !pvc) return [required(field, 'exactly one of emptyDir or pvc must be set')];
  if (emptyDir && pvc) return [invalid(field, tier, 'exactly one of emptyDir or pvc must be set; multiple are set')];
  if (!pvc) return [];
  if (!pvc.spec && !pvc.ref) return [required(`${field}.pvc`, 'exactly one of spec or ref must be set')];
  if (pvc.spec && pvc.ref) return [invalid(`${field}.pvc`, pvc, 'exactly one of spec or ref must be set; multiple are set')];
  return pvc.ref && !pvc.ref.name ? [required(`${field}.pvc.ref.name`, 'name is required')] : [];
}
