import { createHash } from 'node:crypto';
import type { Inquiry } from '../api/inquiry.ts';
import { annotations, labels } from '../api/metadata.ts';
import { withLowerCaseScheme } from '../api/model-uri.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import type { PodTemplate } from '../api/types.ts';
import { type Attachment, MODEL_PATH } from './attachment.ts';
import type { Context, EventText } from './children.ts';
import { claimVolume } from './claim.ts';
import { adapterDownloads, attachAdapters } from './lora.ts';
import { attachImageVolume, attachModelcar } from './oci.ts';
import { mountVolume } from './pod-spec.ts';
import { attachDownloads, takeOverlay } from './storage-initializer.ts';

/**
 * The pod spec with everything a pod needs to find its model, and its LoRA adapters where asked for (R3.211).
 *
 * `podSpec` is the merged template; it is not changed. With the storage initializer disabled the result is that template.
 * A model that cannot be attached is a rejection with the text of the reference, which the caller wraps (R3.212).
 */
export function* attachModel(context: Context, podSpec: PodTemplate, attachment: Attachment): Inquiry<PodTemplate | Rejection> {
  const written = context.spec.model?.uri ?? '';
  if (!written.includes('://')) return reject('InvalidModelURI', `invalid model URI: ${written}`, { field: 'spec.model.uri' });
  if (context.spec.storageInitializer?.enabled === false) return podSpec;
  const uri = cachedModelUri(context, withLowerCaseScheme(written));
  if (isRejection(uri)) return uri;

  const adapters = attachment.lora ? context.adapters : [];
  const attached = yield* attachFiles(context, podSpec, attachment, uri);
  if (isRejection(attached) || adapters.length === 0) return attached;
  return attachAdapters(context, attached, attachment.container, adapters);
}

/** Downloads what has to be downloaded and mounts the rest: the table of R3.211. */
function* attachFiles(context: Context, podSpec: PodTemplate, attachment: Attachment, uri: string): Inquiry<PodTemplate | Rejection> {
  const scheme = schemeOf(uri);
  const adapters = adapterDownloads(attachment.lora ? context.adapters : []);
  if (isDownloaded(scheme)) return yield* attachDownloads(context, podSpec, attachment, [{ uri, path: MODEL_PATH }, ...adapters]);

  const mounted = mountModel(context, podSpec, attachment, scheme, uri);
  if (isRejection(mounted)) return mounted;
  if (adapters.length > 0) return yield* attachDownloads(context, mounted, attachment, adapters);
  return scheme === 'oci+native' ? mounted : takeOverlay(mounted).podSpec;
}

const schemeOf = (uri: string): string => uri.slice(0, uri.indexOf('://'));
const isDownloaded = (scheme: string): boolean => scheme === 'hf' || scheme === 's3';

/**
 * Tells the user when arguments or a command of the overlay cannot have an effect on a download (R3.225), of adapters as well (B3.34).
 * Without a download the overlay is not used at all.
 */
export function overlayEvents(context: Context, podSpec: PodTemplate): EventText[] {
  const { spec, adapters } = context;
  const uri = cachedModelUri(context, withLowerCaseScheme(spec.model?.uri ?? ''));
  if (spec.storageInitializer?.enabled === false || isRejection(uri)) return [];
  const { overlay } = takeOverlay(podSpec);
  const hasNoEffect = (overlay?.args?.length ?? 0) > 0 || (overlay?.command?.length ?? 0) > 0;
  if (!hasNoEffect || !(isDownloaded(schemeOf(uri)) || adapterDownloads(adapters).length > 0)) return [];
  const message = 'User-specified Args/Command on storage-initializer were overridden by controller';
  return [{ type: 'Warning', reason: 'StorageInitializerOverride', message }];
}

function mountModel(context: Context, podSpec: PodTemplate, attachment: Attachment, scheme: string, uri: string): PodTemplate | Rejection {
  if (scheme === 'pvc') {
    const { volume, mount } = claimVolume(uri, 'kserve-pvc-source', attachment.path);
    return mountVolume(podSpec, attachment.container, mount, volume);
  }
  const { ociMode } = context.settings.storage;
  if (scheme === 'oci+native' || (scheme === 'oci' && ociMode === 'native')) return attachImageVolume(podSpec, attachment, uri);
  if (scheme === 'oci' && ociMode !== 'disabled') return attachModelcar(context, podSpec, attachment, uri);
  return reject('ModelNotAttachable', scheme === 'oci' ? 'OCI modelcars is not enabled' : `unsupported schema in model URI: ${uri}`, {
    field: 'spec.model.uri',
  });
}

/** The model's place in a local model cache when the service is marked for one, else the URI given (R3.239). */
function cachedModelUri({ service }: Context, uri: string): string | Rejection {
  if (service.metadata.labels?.[labels.localModel] === undefined) return uri;
  const [source, claim] = [annotations.localModelSourceUri, annotations.localModelPvcName].map((key) => service.metadata.annotations?.[key]);
  if (source === undefined) return reject('LocalModelIncomplete', `annotation ${annotations.localModelSourceUri} not found`);
  if (claim === undefined) return reject('LocalModelIncomplete', `annotation ${annotations.localModelPvcName} not found`);
  const key = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const below = uri.startsWith(source) ? uri.slice(source.length) : uri;
  return `pvc://${claim}/models/${key}${below.startsWith('/') ? '' : '/'}${below}`;
}
