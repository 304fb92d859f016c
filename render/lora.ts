import { createHash } from 'node:crypto';
import type { Container } from '../api/kubernetes.ts';
import { childName } from '../api/names.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { LoRASpec, PodTemplate } from '../api/types.ts';
import type { ResolvedAdapter } from '../assemble/adapters.ts';
import type { Download } from './attachment.ts';
import type { Context } from './children.ts';
import { claimVolume } from './claim.ts';
import { qualifiedName } from './model-names.ts';
import { changeContainer, findContainer, literalEnv, mountVolume } from './pod-spec.ts';

/** The adapters that have to be downloaded (R3.274). */
export function adapterDownloads(adapters: readonly ResolvedAdapter[]): Download[] {
  return adapters.filter((adapter) => adapter.scheme !== 'pvc').map(({ uri, mountPath }) => ({ uri, path: mountPath }));
}

/**
 * Mounts the adapters that live on claims and tells the engine about all of them (R3.275, R3.277). A container whose user
 * configured LoRA already keeps its arguments (R3.276).
 */
export function attachAdapters(
  context: Context,
  podSpec: PodTemplate,
  container: string,
  adapters: readonly ResolvedAdapter[],
): PodTemplate | Rejection {
  if (findContainer(podSpec, container) === undefined) return reject('NoContainer', `no container "${container}" in pod spec for LoRA injection`);
  const mounted = adapters
    .filter((adapter) => adapter.scheme === 'pvc')
    .reduce((result, adapter) => {
      const { volume, mount } = claimVolume(adapter.uri, volumeName(adapter.name), adapter.mountPath);
      return mountVolume(result, container, mount, volume);
    }, podSpec);
  return changeContainer(mounted, container, (found) =>
    configuresAdapters(found) ? found : { ...found, args: [...adapterArgs(context, adapters), ...(found.args ?? [])] },
  );
}

/** Whether the user hands LoRA modules to the engine. A variable that refers to something else cannot be looked into. */
function configuresAdapters(container: Container): boolean {
  const words = [...(container.command ?? []), ...(container.args ?? [])].join(' ');
  return words.includes('--lora-modules') || (literalEnv(container, 'VLLM_ADDITIONAL_ARGS') ?? '').includes('--lora-modules');
}

/** Engine arguments: limits where they are set, then every adapter by its own and by its published name. */
function adapterArgs({ service, spec }: Context, adapters: readonly ResolvedAdapter[]): string[] {
  const lora: LoRASpec = spec.model?.lora ?? {};
  const limit = (flag: string, value: number | undefined) => (value === undefined ? [] : [`${flag}=${value}`]);
  const modules = adapters.flatMap(({ name, mountPath }) => [
    quotedModule(name, mountPath),
    quotedModule(qualifiedName(service.metadata.namespace, name), mountPath),
  ]);
  return [
    '--enable-lora',
    ...limit('--max-lora-rank', lora.maxRank),
    ...limit('--max-loras', lora.maxAdapters),
    ...limit('--max-cpu-loras', lora.maxCpuAdapters),
    '--lora-modules',
    ...modules,
  ];
}

/** The preset's shell evaluates the line once more: single quotes protect the JSON, and a quote in a name is escaped (B3.39). */
function quotedModule(name: string, path: string): string {
  return `'${JSON.stringify({ name, path }).replaceAll("'", "'\\''")}'`;
}

const validVolumeName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The reference's volume name where it is valid; otherwise a readable one made unique by a hash of the adapter's name (B3.39). */
function volumeName(adapter: string): string {
  const name = childName('lora-pvc-', adapter);
  if (validVolumeName.test(name)) return name;
  const readable = adapter
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return `lora-pvc-${readable}-${createHash('sha256').update(adapter).digest('hex').slice(0, 8)}`;
}
