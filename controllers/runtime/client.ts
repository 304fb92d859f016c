import { type Kind, kindOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { Access } from './access.ts';
import { ApiError, isNotFound, KindNotServedError, type Status } from './api-error.ts';
import { createTransport, type RawRequest, type TransportOptions } from './transport.ts';
import { linesOf } from './watch-lines.ts';

/** Namespace of a request: undefined or empty for cluster-scoped kinds, and for all namespaces. */
export type Namespace = string | undefined;

export interface Selection {
  readonly namespace?: Namespace;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Only metadata is sent; the objects have no other fields. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions {
  readonly signal?: AbortSignal;
}

export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions extends Selection {
  readonly resourceVersion?: string;
  /** After this long the server ends the watch. */
  readonly timeoutSeconds?: number;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

export type WatchEvent<T> = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T };

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly subresource?: 'status' | 'scale';
  /** For kinds that are not in api/kinds.ts. */
  readonly kind?: Kind;
  readonly signal?: AbortSignal;
}

export interface PatchOptions extends Omit<WriteOptions, 'kind'> {
  readonly type?: 'merge' | 'json';
}

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** What becomes of what the object owns; the server decides when it is left out. */
  readonly propagationPolicy?: 'Orphan';
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Plain JSON to and from an API server: what the server sends is what callers get, unknown fields included.
 * Every method throws ApiError when the server refuses, and KindNotServedError when it does not serve the kind; anything else
 * that is thrown is a network error.
 */
export interface Client {
  /** The object, or undefined when there is none (R3.40b: a kind that is not served throws instead). */
  get<T extends KubeObject = KubeObject>(kind: Kind, namespace: Namespace, name: string, options?: GetOptions): Promise<T | undefined>;
  list<T extends KubeObject = KubeObject>(kind: Kind, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  /** Replaces the object (or its subresource); with a resourceVersion only that version of it. */
  update<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject = KubeObject>(kind: Kind, namespace: Namespace, name: string, body: unknown, options?: PatchOptions): Promise<T>;
  /** Background deletion, the server's default (R3.40a). */
  delete(kind: Kind, namespace: Namespace, name: string, options?: DeleteOptions): Promise<void>;
  /**
   * One watch, until the server ends it or the signal does. An ERROR event is thrown as ApiError (410: the version is too old).
   * Leaving the loop closes the connection.
   */
  watch<T extends KubeObject = KubeObject>(kind: Kind, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Asks discovery whether the server serves the kind now. */
  serves(kind: Kind): Promise<boolean>;
  /** All `apiVersion plural` pairs the server serves. */
  discover(): Promise<ReadonlySet<string>>;
  /** Any other request; resolves to the parsed body. */
  request<T = unknown>(request: RawRequest): Promise<T>;
  close(): Promise<void>;
}

export interface ClientOptions extends Omit<TransportOptions, 'userAgent'> {
  readonly version: string;
}

const PATCH_TYPES = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' } as const;
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The path of a collection, or of one object in it. */
export function pathOf(kind: Kind, namespace: Namespace, name?: string, subresource?: string): string {
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const tail = [name, subresource].flatMap((part) => (part === undefined ? [] : [`/${encodeURIComponent(part)}`])).join('');
  return `${groupPath(kind.apiVersion)}${scope}/${kind.plural}${tail}`;
}

const groupPath = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

function kindOfObject(object: KubeObject, kind: Kind | undefined): Kind {
  const found = kind ?? kindOf(object);
  if (!found) throw new Error(`unknown kind ${object.apiVersion} ${object.kind}: name it in options.kind`);
  return found;
}

const writeQuery = (options: WriteOptions | PatchOptions) => ({
  dryRun: options.dryRun ? 'All' : undefined,
  fieldManager: options.fieldManager,
});

const selectionQuery = (options: Selection) => ({ labelSelector: options.labelSelector, fieldSelector: options.fieldSelector });

/** A client for the API server of `access`. */
export function createClient(access: Access, options: ClientOptions): Client {
  const transport = createTransport(access, { ...options, userAgent: `llmisvc-operator/${options.version}` });
  const send = async <T>(request: RawRequest): Promise<T> => (await transport.send(request)) as T;

  async function serves(kind: Kind): Promise<boolean> {
    try {
      const countAs = { verb: 'discover', kind: kind.kind };
      const found = await send<{ resources?: { name: string; kind: string }[] }>({ method: 'GET', path: groupPath(kind.apiVersion), countAs });
      return (found.resources ?? []).some((r) => r.name === kind.plural && r.kind === kind.kind);
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** A 404 that names no object may mean that the kind is not served; discovery decides (R3.40b). */
  async function explain(kind: Kind, error: unknown): Promise<unknown> {
    return isNotFound(error) && !error.status.details?.name && !(await serves(kind)) ? new KindNotServedError(kind) : error;
  }

  /** Sends a request about a kind. */
  async function about<T>(kind: Kind, verb: string, request: RawRequest): Promise<T> {
    try {
      return await send<T>({ ...request, countAs: { verb, kind: kind.kind } });
    } catch (error) {
      throw await explain(kind, error);
    }
  }

  async function open(kind: Kind, request: RawRequest): Promise<AsyncIterable<Buffer>> {
    try {
      return await transport.stream({ ...request, countAs: { verb: 'watch', kind: kind.kind } });
    } catch (error) {
      throw await explain(kind, error);
    }
  }

  return {
    async get<T extends KubeObject>(kind: Kind, namespace: Namespace, name: string, { signal }: GetOptions = {}) {
      try {
        return await about<T>(kind, 'get', { method: 'GET', path: pathOf(kind, namespace, name), signal });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },

    async list<T extends KubeObject>(kind: Kind, list: ListOptions = {}) {
      const { limit, continue: token, resourceVersion, resourceVersionMatch } = list;
      const found = await about<ObjectList<T>>(kind, 'list', {
        method: 'GET',
        path: pathOf(kind, list.namespace),
        query: { ...selectionQuery(list), limit, continue: token, resourceVersion, resourceVersionMatch },
        signal: list.signal,
        ...(list.metadataOnly ? { accept: METADATA_LIST } : {}),
      });
      // A Go nil list: what metadata-only lists of nothing look like.
      const items = (found.items as readonly T[] | null) ?? [];
      return { metadata: found.metadata, items: items.map((item) => named(kind, item)) };
    },

    create<T extends KubeObject>(object: T, write: WriteOptions = {}) {
      const kind = kindOfObject(object, write.kind);
      const path = pathOf(kind, object.metadata.namespace);
      return about<T>(kind, 'create', { method: 'POST', path, body: object, query: writeQuery(write), signal: write.signal });
    },

    update<T extends KubeObject>(object: T, write: WriteOptions = {}) {
      const kind = kindOfObject(object, write.kind);
      const path = pathOf(kind, object.metadata.namespace, object.metadata.name, write.subresource);
      return about<T>(kind, 'update', { method: 'PUT', path, body: object, query: writeQuery(write), signal: write.signal });
    },

    patch<T extends KubeObject>(kind: Kind, namespace: Namespace, name: string, body: unknown, patch: PatchOptions = {}) {
      return about<T>(kind, 'patch', {
        method: 'PATCH',
        path: pathOf(kind, namespace, name, patch.subresource),
        body,
        contentType: PATCH_TYPES[patch.type ?? 'merge'],
        query: writeQuery(patch),
        signal: patch.signal,
      });
    },

    async delete(kind, namespace, name, deletion = {}) {
      const { preconditions, propagationPolicy, dryRun, signal } = deletion;
      await about(kind, 'delete', {
        method: 'DELETE',
        path: pathOf(kind, namespace, name),
        query: { dryRun: dryRun ? 'All' : undefined },
        signal,
        ...(preconditions || propagationPolicy ? { body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy } } : {}),
      });
    },

    async *watch<T extends KubeObject>(kind: Kind, watch: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
      const { resourceVersion, timeoutSeconds } = watch;
      const body = await open(kind, {
        method: 'GET',
        path: pathOf(kind, watch.namespace),
        query: { ...selectionQuery(watch), watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds },
        signal: watch.signal,
        ...(watch.metadataOnly ? { accept: METADATA } : {}),
      });
      for await (const line of linesOf(body)) {
        const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Status };
        if (event.type === 'ERROR') throw new ApiError(event.object.code ?? 500, event.object);
        yield { type: event.type, object: named(kind, event.object) };
      }
    },

    serves,

    async discover() {
      const documents = await Promise.all(
        ['/api', '/apis'].map((path) => send<Discovery>({ method: 'GET', path, accept: DISCOVERY, countAs: { verb: 'discover', kind: '' } })),
      );
      return new Set(documents.flatMap((document) => document.items ?? []).flatMap(resourcesOf));
    },

    request: send,
    close: () => transport.close(),
  };
}

/** Gives an object from a list or a metadata-only answer the apiVersion and kind it has as an object of its own. */
function named<T extends KubeObject>(kind: Kind, object: T): T {
  if (object.apiVersion === kind.apiVersion && object.kind === kind.kind) return object;
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
}

interface Discovery {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly { readonly version: string; readonly resources?: readonly { readonly resource: string }[] }[];
  }[];
}

function resourcesOf(group: NonNullable<Discovery['items']>[number]): string[] {
  const prefix = group.metadata?.name ? `${group.metadata.name}/` : '';
  return (group.versions ?? []).flatMap((v) => (v.resources ?? []).map((r) => `${prefix}${v.version} ${r.resource}`));
}
