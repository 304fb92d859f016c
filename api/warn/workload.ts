import { isDataParallel, isPipelineParallel } from '../predicates.ts';
import { parseQuantity } from '../quantity.ts';
import type { FileSystemTierSpec, KVCacheOffloadingSpec, PodTemplate, WorkloadSpec } from '../types.ts';
import { warnOfSidecar } from './sidecar.ts';

/** What one workload states that cannot work or has side effects that are easily overlooked (B13, B17, B19 of chapter 1). */
export function warnOfWorkload(workload: WorkloadSpec, old: WorkloadSpec | undefined, path: string): string[] {
  const { kvCacheOffloading: offloading, template, worker } = workload;
  return [
    ...(offloading ? warnOfOffloading(offloading, `${path}.kvCacheOffloading`) : []),
    ...(template ? [...warnOfInjection(template, `${path}.template`), ...warnOfSidecar(template, `${path}.template`)] : []),
    ...(worker ? warnOfInjection(worker, `${path}.worker`) : []),
    ...(old ? warnOfKindChange(old, workload, path) : []),
  ];
}

function warnOfOffloading({ cpu, secondary = [] }: KVCacheOffloadingSpec, path: string): string[] {
  const warnings: string[] = [];
  if (cpu !== undefined && isAtMostZero(cpu)) warnings.push(`${path}.cpu: ${JSON.stringify(cpu)} leaves no memory to offload to`);
  const places = new Map<string, number>();
  secondary.forEach(({ fileSystem }, i) => {
    if (!fileSystem) return;
    const at = `${path}.secondary[${i}].fileSystem`;
    warnings.push(...warnOfTier(fileSystem, at));
    const place = placeOf(fileSystem);
    if (place === undefined) return;
    const first = places.get(place);
    if (first === undefined) places.set(place, i);
    else warnings.push(`${at}.pvc: is the same claim and path as secondary[${first}]; the tiers would overwrite each other`);
  });
  return warnings;
}

function warnOfTier({ emptyDir, pvc }: FileSystemTierSpec, path: string): string[] {
  const warnings: string[] = [];
  if (emptyDir?.size !== undefined && isAtMostZero(emptyDir.size))
    warnings.push(`${path}.emptyDir.size: ${JSON.stringify(emptyDir.size)} holds nothing`);
  if (pvc?.spec && pvc.spec.resources?.requests?.storage === undefined) {
    warnings.push(`${path}.pvc.spec.resources.requests.storage: is required by the API server; without it no pod can be created`);
  }
  return warnings;
}

/** Where an existing claim is written to; claims that are made for a tier are apart anyway. */
function placeOf({ pvc }: FileSystemTierSpec): string | undefined {
  return pvc?.ref?.name ? `${pvc.ref.name}/${(pvc.ref.path ?? '').replace(/^\/+|\/+$/g, '')}` : undefined;
}

function isAtMostZero(quantity: string | number): boolean {
  const amount = parseQuantity(quantity);
  return amount !== undefined && amount <= 0;
}

/** Variables that make a program load code from a place of somebody's choice. */
const LOADERS: ReadonlySet<string> = new Set(['PYTHONPATH', 'PYTHONSTARTUP', 'PYTHONHOME', 'LD_PRELOAD']);

function warnOfInjection(template: PodTemplate, path: string): string[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (template[list] ?? []).flatMap((container, i) =>
      (container.env ?? []).flatMap(({ name }, j) =>
        LOADERS.has(name) ? [`${path}.${list}[${i}].env[${j}]: ${name} makes the engine load code from other places than its image`] : [],
      ),
    ),
  );
}

function warnOfKindChange(old: WorkloadSpec, current: WorkloadSpec, path: string): string[] {
  const [before, after] = [kindOf(old), kindOf(current)];
  return before && after && before !== after
    ? [`${path}.parallelism: changes from ${before} to ${after} parallel; all pods are replaced, without a rolling update`]
    : [];
}

function kindOf({ parallelism }: WorkloadSpec): string | undefined {
  if (isDataParallel(parallelism)) return 'data';
  return isPipelineParallel(parallelism) ? 'pipeline' : undefined;
}
