import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { Container, EnvVar, Volume } from '../api/kubernetes.ts';
import { isRejection, type Rejection, withinStep } from '../api/rejection.ts';
import type { PodTemplate } from '../api/types.ts';
import { mergeContainer } from '../assemble/merge-container.ts';
import { type Account, type Attachment, DOWNLOAD_VOLUME, type Download, MODEL_PATH } from './attachment.ts';
import { injectCaBundle } from './ca-bundle.ts';
import type { Context } from './children.ts';
import { addCredentials, type Credentials, credentialsOf, noCredentials } from './credentials.ts';
import { addEnv, addMount, addVolume, changeInitContainer, containers, findInitContainer, mountVolume, setEnv } from './pod-spec.ts';

const NAME = containers.storageInitializer;
const DEFAULT_IMAGE = 'kserve/storage-initializer:latest';

const hubDefaults: readonly EnvVar[] = [
  { name: 'HF_HUB_ENABLE_HF_TRANSFER', value: '1' },
  { name: 'HF_XET_HIGH_PERFORMANCE', value: '1' },
  { name: 'HF_XET_NUM_CONCURRENT_RANGE_GETS', value: '8' },
];

/** What a tokenizer needs of a model (R3.229). */
const tokenizerPatterns: EnvVar = {
  name: 'STORAGE_ALLOW_PATTERNS',
  value:
    '["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "config.json", "generation_config.json"]',
};

/**
 * The pod spec without the user's `storage-initializer` entry, and that entry: it is an overlay for the generated container
 * and no container of its own. Of several entries the last one counts (R3.224).
 */
export function takeOverlay(podSpec: PodTemplate): { podSpec: PodTemplate; overlay: Container | undefined } {
  const { initContainers = [], ...rest } = podSpec;
  const overlay = initContainers.findLast((container) => container.name === NAME);
  if (overlay === undefined) return { podSpec, overlay };
  const others = initContainers.filter((container) => container.name !== NAME);
  return { podSpec: { ...rest, ...(others.length > 0 ? { initContainers: others } : {}) }, overlay };
}

/**
 * Adds the init container that fetches `downloads` (the model, adapters, or both; at least one) into a volume which the
 * target container mounts read-only (R3.220 - R3.229). The user's overlay is merged in, then the credentials of the account
 * are added. A Secret that the account names and that does not exist is a rejection.
 */
export function* attachDownloads(
  context: Context,
  podSpec: PodTemplate,
  attachment: Attachment,
  downloads: readonly Download[],
): Inquiry<PodTemplate | Rejection> {
  const { podSpec: template, overlay } = takeOverlay(podSpec);
  const mountPath = commonDirectory(downloads.map((download) => download.path));
  const onlyModel = downloads.length === 1 && mountPath === MODEL_PATH;
  const volume: Volume = { name: DOWNLOAD_VOLUME, emptyDir: {} };

  const merged = withOverlay(generated(context, attachment.livePodSpec, downloads), overlay);
  if (isRejection(merged)) return merged;
  const initContainer = addMount(setEnv(merged, ...confidentialEnv(context)), { name: DOWNLOAD_VOLUME, mountPath });
  const withInit = addVolume({ ...template, initContainers: [...(template.initContainers ?? []), initContainer] }, volume);
  const targetPath = onlyModel ? attachment.path : mountPath;
  const mounted = mountVolume(withInit, attachment.container, { name: DOWNLOAD_VOLUME, mountPath: targetPath, readOnly: true }, volume);

  const credentials = yield* accountCredentials(context, attachment);
  if (isRejection(credentials)) return credentials;
  return additions(context, attachment, downloads).reduce((result, add) => add(result), addCredentials(mounted, NAME, credentials));
}

/** The init container as the operator makes it, before the user's overlay (R3.221, R3.223). */
function generated({ settings }: Context, livePodSpec: PodTemplate | undefined, downloads: readonly Download[]): Container {
  const { storage } = settings;
  const args = downloads.flatMap(({ uri, path }) => [uri, path]);
  return {
    name: NAME,
    image: stickyImage(livePodSpec, args) ?? (storage.image || DEFAULT_IMAGE),
    args,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: {
      requests: { cpu: storage.cpuRequest, memory: storage.memoryRequest },
      limits: { cpu: storage.cpuLimit, memory: storage.memoryLimit },
    },
  };
}

/** Name, arguments and command stay as generated, whatever the overlay says (R3.224). */
function withOverlay(container: Container, overlay: Container | undefined): Container | Rejection {
  if (overlay === undefined) return container;
  const { name: _name, args: _args, command: _command, ...changes } = overlay;
  const merged = mergeContainer(container, changes);
  return isRejection(merged) ? withinStep(merged, 'failed to merge user storage-initializer customizations') : merged;
}

/**
 * The image that runs already, so that an upgrade of the operator restarts no pods (R3.226). A pod that has to restart
 * anyway, because something else is downloaded, gets the configured one (B3.35).
 */
function stickyImage(livePodSpec: PodTemplate | undefined, args: readonly string[]): string | undefined {
  const live = findInitContainer(livePodSpec, NAME);
  return live?.args?.length === args.length && live.args.every((arg, index) => arg === args[index]) ? live.image : undefined;
}

/** Decryption of confidential models (R3.222), with adapters as well (B3.34). */
function confidentialEnv({ spec }: Context): EnvVar[] {
  const confidential = spec.model?.confidential;
  if (!confidential?.enabled) return [];
  const resource = confidential.resourceId ? [{ name: 'CONFIDENTIAL_RESOURCE_ID', value: confidential.resourceId }] : [];
  return [{ name: 'CONFIDENTIAL_ENABLED', value: 'true' }, ...resource];
}

function* accountCredentials(context: Context, attachment: Attachment): Inquiry<Credentials | Rejection> {
  const { namespace } = context.service.metadata;
  const account = attachment.account ?? (yield* get<Account>(kinds.serviceAccount, namespace, 'default', { fresh: true }));
  return account === undefined ? noCredentials : yield* credentialsOf(context, account);
}

type Addition = (podSpec: PodTemplate) => PodTemplate;

/**
 * What follows the credentials, in the order of R3.227. The CA bundle is for every kind of download, not only for S3 (B3.33),
 * and nothing of it depends on whether the account could be read: that would restart pods when the account appears later.
 */
function additions(context: Context, attachment: Attachment, downloads: readonly Download[]): Addition[] {
  const addToInit = (...entries: readonly EnvVar[]): Addition => {
    return (podSpec) => changeInitContainer(podSpec, NAME, (container) => addEnv(container, ...entries));
  };
  const bundle: Addition = (podSpec) => injectCaBundle(context, podSpec, NAME);
  const patterns = addToInit(...(attachment.container === containers.tokenizer ? [tokenizerPatterns] : []));
  const fromHub = downloads.some(({ uri }) => uri.startsWith('hf://'));
  const hub = addToInit(...(fromHub && mayTuneHub(attachment.livePodSpec) ? hubDefaults : []));
  return downloads.length === 1 && !fromHub ? [bundle, patterns] : [hub, patterns, bundle];
}

/** Hub settings are not put into pods that run without them: that would restart these on an upgrade (R3.228). */
function mayTuneHub(livePodSpec: PodTemplate | undefined): boolean {
  const live = findInitContainer(livePodSpec, NAME);
  return live === undefined || (live.env ?? []).some((entry) => entry.name.startsWith('HF_'));
}

/** The longest directory that all paths lie in, or the path itself when there is one: `/mnt` for `/mnt/models` and `/mnt/lora/a`. */
export function commonDirectory(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split('/'));
  const length = first.findIndex((segment, index) => others.some((other) => other[index] !== segment));
  return first.slice(0, length < 0 ? first.length : length).join('/') || '/';
}
