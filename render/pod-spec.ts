import type { Container, EnvVar, Volume, VolumeMount } from '../api/kubernetes.ts';
import type { PodTemplate } from '../api/types.ts';

/** Names that presets, users and this project agree on. */
export const containers = {
  main: 'main',
  routingSidecar: 'llm-d-routing-sidecar',
  storageInitializer: 'storage-initializer',
  tokenizer: 'tokenizer',
} as const;

type ContainerList = 'containers' | 'initContainers';
type Change = (container: Container) => Container;

/** The container of that name in `containers`. */
export function findContainer(podSpec: PodTemplate | undefined, name: string): Container | undefined {
  return podSpec?.containers?.find((container) => container.name === name);
}

/** The container of that name in `initContainers`. */
export function findInitContainer(podSpec: PodTemplate | undefined, name: string): Container | undefined {
  return podSpec?.initContainers?.find((container) => container.name === name);
}

/** Whether the pod runs the prefill/decode routing sidecar (R3.57). */
export function hasRoutingSidecar(podSpec: PodTemplate | undefined): boolean {
  return findInitContainer(podSpec, containers.routingSidecar) !== undefined;
}

/** The pod spec with one container changed; unchanged when there is none of that name. */
export function changeContainer(podSpec: PodTemplate, name: string, change: Change): PodTemplate {
  return changeIn(podSpec, 'containers', name, change);
}

/** The same for `initContainers`. */
export function changeInitContainer(podSpec: PodTemplate, name: string, change: Change): PodTemplate {
  return changeIn(podSpec, 'initContainers', name, change);
}

function changeIn(podSpec: PodTemplate, list: ContainerList, name: string, change: Change): PodTemplate {
  const found = podSpec[list]?.findIndex((container) => container.name === name) ?? -1;
  if (found < 0) return podSpec;
  return { ...podSpec, [list]: podSpec[list]?.map((container, index) => (index === found ? change(container) : container)) };
}

/** Appends env entries, each only if the container has none of that name. */
export function addEnv(container: Container, ...entries: readonly EnvVar[]): Container {
  const present = new Set((container.env ?? []).map((entry) => entry.name));
  const missing = entries.filter((entry) => !present.has(entry.name));
  return missing.length === 0 ? container : { ...container, env: [...(container.env ?? []), ...missing] };
}

/** Puts env entries (of distinct names) in: one of the same name is replaced where it stands, others are appended. */
export function setEnv(container: Container, ...entries: readonly EnvVar[]): Container {
  if (entries.length === 0) return container;
  const env = container.env ?? [];
  const replaced = env.map((existing) => entries.find((entry) => entry.name === existing.name) ?? existing);
  const added = entries.filter((entry) => !env.some((existing) => existing.name === entry.name));
  return { ...container, env: [...replaced, ...added] };
}

/** Literal value of an env entry; undefined when there is none or it refers to something else. */
export function literalEnv(container: Container | undefined, name: string): string | undefined {
  return container?.env?.find((entry) => entry.name === name)?.value;
}

/** Appends a mount unless the container mounts this volume at this path already (R3.213). */
export function addMount(container: Container, mount: VolumeMount): Container {
  const mounts = container.volumeMounts ?? [];
  if (mounts.some((existing) => existing.name === mount.name && existing.mountPath === mount.mountPath)) return container;
  return { ...container, volumeMounts: [...mounts, mount] };
}

/** Appends a volume unless the pod has one of that name. */
export function addVolume(podSpec: PodTemplate, volume: Volume): PodTemplate {
  if (podSpec.volumes?.some((existing) => existing.name === volume.name)) return podSpec;
  return { ...podSpec, volumes: [...(podSpec.volumes ?? []), volume] };
}

/** Mounts a volume on a container of `containers` and gives the pod the volume; nothing when the container does not exist (R3.213). */
export function mountVolume(podSpec: PodTemplate, container: string, mount: VolumeMount, volume: Volume): PodTemplate {
  if (findContainer(podSpec, container) === undefined) return podSpec;
  return addVolume(
    changeContainer(podSpec, container, (found) => addMount(found, mount)),
    volume,
  );
}

/** The directory part of an absolute path: `/mnt` for `/mnt/models`, `/` for `/models`. */
export function directoryOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end > 0 ? path.slice(0, end) : '/';
}
