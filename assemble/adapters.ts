import { createHash } from 'node:crypto';
import { withLowerCaseScheme } from '../api/model-uri.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import type { LLMInferenceServiceSpec, ModelSpec } from '../api/types.ts';

/** A LoRA adapter of the effective spec, validated and resolved (R2.86, R3.270, R3.271). Sorted by name wherever there are several. */
export interface ResolvedAdapter {
  readonly name: string;
  readonly uri: string;
  readonly scheme: 'hf' | 's3' | 'pvc';
  /** `/mnt/lora/<name with every character outside [A-Za-z0-9._-] replaced by '-'>`; no two adapters have the same. */
  readonly mountPath: string;
}

const DOCS = '(see https://github.com/kserve/kserve/blob/master/docs/samples/llmisvc/lora-adapters/README.md)';

/** The adapters of an effective spec, sorted by name, or what is wrong with the first that cannot be served (R2.86). */
export function resolveAdapters(spec: LLMInferenceServiceSpec): readonly ResolvedAdapter[] | Rejection {
  const downloads = spec.storageInitializer?.enabled !== false;
  const resolved: ResolvedAdapter[] = [];
  for (const adapter of sortedByName(spec.model?.lora?.adapters ?? [])) {
    const result = resolveAdapter(adapter, downloads);
    if (isRejection(result)) return result;
    resolved.push(result);
  }
  return withOwnDirectories(resolved);
}

function sortedByName(adapters: readonly ModelSpec[]): ModelSpec[] {
  return adapters.toSorted((a, b) => Buffer.compare(Buffer.from(a.name ?? ''), Buffer.from(b.name ?? '')));
}

function resolveAdapter({ name = '', uri: written }: ModelSpec, downloads: boolean): ResolvedAdapter | Rejection {
  const uri = withLowerCaseScheme(written);
  const refuse = (detail: string): Rejection =>
    reject('CombineBaseError', `failed to enumerate LoRA adapters: LoRA adapter ${JSON.stringify(name)}: ${detail}`);
  if (!uri.includes('://')) return refuse(`invalid URI ${JSON.stringify(uri)}`);
  const scheme = uri.slice(0, uri.indexOf('://'));
  switch (scheme) {
    case 'hf':
    case 's3':
      if (!downloads) return refuse(`hf:// and s3:// require the storage initializer, which is disabled ${DOCS}`);
      return { name, uri, scheme, mountPath: mountPath(name) };
    case 'pvc':
      if (!downloads) return refuse(`pvc:// requires a mounted volume, but the storage initializer is disabled ${DOCS}`);
      return { name, uri, scheme, mountPath: mountPath(name) };
    case 'oci':
      return refuse(`oci:// is not supported for LoRA adapters; use hf://, s3://, or pvc:// instead ${DOCS}`);
    default:
      return refuse(`unsupported URI scheme ${JSON.stringify(scheme)}; supported schemes are hf://, s3://, pvc:// ${DOCS}`);
  }
}

/** Outside the model's own directory, because a mount inside a read-only mount fails (R3.271). */
function mountPath(name: string): string {
  const directory = name.replace(/[^A-Za-z0-9._-]/gu, '-');
  return `/mnt/lora/${directory === '' || directory === '.' || directory === '..' ? 'adapter' : directory}`;
}

/** Names that come to one directory, such as `a/b` and `a-b`, are told apart by a hash; a name that is its own directory keeps it (B3.39). */
function withOwnDirectories(adapters: readonly ResolvedAdapter[]): readonly ResolvedAdapter[] {
  const times = new Map<string, number>();
  for (const { mountPath } of adapters) times.set(mountPath, (times.get(mountPath) ?? 0) + 1);
  return adapters.map((adapter) => {
    const { name, mountPath } = adapter;
    if (times.get(mountPath) === 1 || mountPath === `/mnt/lora/${name}`) return adapter;
    return { ...adapter, mountPath: `${mountPath}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}` };
  });
}
