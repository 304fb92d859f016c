import type { PodTemplate } from '../api/types.ts';

/** Where a workload finds its model, and where a download of the model alone always goes (R3.220). */
export const MODEL_PATH = '/mnt/models';

/** The volume that downloads, and links to the files of a modelcar, go to. */
export const DOWNLOAD_VOLUME = 'kserve-provision-location';

/** What a service account, live or about to be written, says about credentials. */
export interface Account {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly secrets?: readonly { readonly name?: string }[];
}

/** How a model gets into a pod (R3.210). */
export interface Attachment {
  /** The container of `containers` that reads the model. */
  readonly container: string;
  /** Where it reads the model. */
  readonly path: string;
  /** Whose Secrets a download may use. Without one, account `default` of the namespace is asked for. */
  readonly account: Account | undefined;
  /** The live pod spec of the same template, for what must not change by itself (R3.226, R3.228). */
  readonly livePodSpec: PodTemplate | undefined;
  /** Whether the adapters of the service are attached as well. */
  readonly lora: boolean;
}

/** What the storage initializer has to fetch, and where to. */
export interface Download {
  readonly uri: string;
  readonly path: string;
}
