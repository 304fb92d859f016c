import type { Container, ResourceRequirements, VolumeMount } from '../api/kubernetes.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { PodTemplate } from '../api/types.ts';
import { type Attachment, DOWNLOAD_VOLUME } from './attachment.ts';
import type { Context } from './children.ts';
import { addMount, addVolume, changeContainer, directoryOf, findContainer, mountVolume, setEnv } from './pod-spec.ts';

const MODELCAR = 'modelcar';
const MODELCAR_INIT = 'modelcar-init';

const imageOf = (uri: string): string => uri.slice(uri.indexOf('://') + 3);
const noContainer = (name: string): Rejection => reject('NoContainer', `no container found with name ${name}`);

/**
 * The model image as a side container that links its files into a volume it shares with the target container, through
 * /proc of the shared process namespace (R3.241). The image also runs first as an init container: that pulls it before the
 * engine starts, and fails when it holds no model.
 */
export function attachModelcar(context: Context, podSpec: PodTemplate, target: Attachment, uri: string): PodTemplate | Rejection {
  if (findContainer(podSpec, target.container) === undefined) return noContainer(target.container);
  const { uidModelcar } = context.settings.storage;
  const mount: VolumeMount = { name: DOWNLOAD_VOLUME, mountPath: directoryOf(target.path) };
  const main = changeContainer(podSpec, target.container, (container) =>
    runAs(uidModelcar, addMount(setEnv(container, { name: 'MODEL_INIT_MODE', value: 'async' }), mount)),
  );
  const shared = addVolume({ ...main, shareProcessNamespace: true }, { name: DOWNLOAD_VOLUME, emptyDir: {} });
  if (findContainer(shared, MODELCAR) !== undefined) return shared;
  return {
    ...shared,
    containers: [...(shared.containers ?? []), runAs(uidModelcar, modelcar(context, imageOf(uri), target.path, mount))],
    initContainers: [...(shared.initContainers ?? []), modelcarInit(context, imageOf(uri))],
  };
}

/** The model image as a volume of the pod (R3.243). */
export function attachImageVolume(podSpec: PodTemplate, { container, path }: Attachment, uri: string): PodTemplate | Rejection {
  const found = findContainer(podSpec, container);
  if (found === undefined) return noContainer(container);
  const name = path.replace(/^\/+|\/+$/g, '').replaceAll('/', '-') || 'oci-model';
  const taken = found.volumeMounts?.find((mount) => mount.mountPath === path && mount.name !== name);
  if (taken) return reject('MountPathTaken', `mountPath "${path}" already used by volume "${taken.name}"`);
  return mountVolume(
    podSpec,
    container,
    { name, mountPath: path, subPath: 'models', readOnly: true },
    { name, image: { reference: imageOf(uri), pullPolicy: 'IfNotPresent' } },
  );
}

const runAs = (uid: number | undefined, container: Container): Container =>
  uid === undefined ? container : { ...container, securityContext: { ...container.securityContext, runAsUser: uid } };

function modelcar(context: Context, image: string, modelPath: string, mount: VolumeMount): Container {
  return {
    name: MODELCAR,
    image,
    args: ['sh', '-c', linkCommand(modelPath)],
    resources: modelcarResources(context),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [mount],
  };
}

function modelcarInit(context: Context, image: string): Container {
  // The kubelet turns `$$` into `$`: the command substitution must reach the shell.
  const check =
    `echo 'Pre-fetching modelcar ${escapeQuotes(image)}: ' && [ -d /models ] && [ "$$(ls -A /models)" ] && ` +
    `echo 'OK ... Prefetched and valid (/models exists)' || ` +
    `(echo 'NOK ... Prefetched but modelcar is invalid (/models does not exist or is empty)' && exit 1)`;
  return {
    name: MODELCAR_INIT,
    image,
    args: ['sh', '-c', check],
    resources: modelcarResources(context),
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** Links the files of the image to the model path; the kubelet turns `$$$$` into `$$`, the shell's process id. */
function linkCommand(modelPath: string): string {
  const makeParent = modelPath === '/mnt/models' ? '' : `mkdir -p ${shellWord(directoryOf(modelPath))} && `;
  return `${makeParent}ln -sf /proc/$$$$/root/models ${shellWord(modelPath)} && sleep infinity`;
}

/** For use inside single quotes. */
const escapeQuotes = (text: string): string => text.replaceAll("'", "'\\''");
const shellWord = (text: string): string => (/^[A-Za-z0-9/._-]+$/.test(text) ? text : `'${escapeQuotes(text)}'`);

function modelcarResources({ settings }: Context): ResourceRequirements {
  const amount = { cpu: settings.storage.cpuModelcar, memory: settings.storage.memoryModelcar };
  return { limits: amount, requests: { ...amount } };
}
