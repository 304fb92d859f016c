import { createInterface } from 'node:readline';
import { Agent, type Dispatcher, request } from 'undici';
import { type Kind, kindOf } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Identity } from './kubeconfig.ts';

const FIELD_MANAGER = 'llmisvc-control-plane';
/** A busy machine takes long to accept a CRD with many rules. */
const TIMEOUT_MS = 120_000;

/** The API server refused a request; `code` is the HTTP status and `reason` that of the Status object. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof RefusedError && error.code === 404;

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly metadata: { readonly resourceVersion: string };
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

interface RawRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** Plain JSON requests as one user. A refused request throws RefusedError, everything else that is thrown is a network error. */
export interface ApiClient {
  get(kind: Kind, namespace: string | undefined, name: string): Promise<KubeObject | undefined>;
  list(kind: Kind, namespace?: string): Promise<ObjectList>;
  create(object: KubeObject): Promise<KubeObject>;
  /** Replaces the object of this resourceVersion. */
  update(object: KubeObject): Promise<KubeObject>;
  /** Server-side apply: creates the object, or makes the fields given what they are here. */
  apply(object: KubeObject): Promise<KubeObject>;
  /** JSON merge patch of an object, or of its subresource. */
  patch(kind: Kind, namespace: string | undefined, name: string, body: unknown, subresource?: 'status'): Promise<KubeObject>;
  /** Background deletion; an object that is not there is fine. */
  delete(kind: Kind, namespace: string | undefined, name: string): Promise<void>;
  /** One watch over all namespaces, until the server ends it or the signal does. */
  watch(kind: Kind, resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** Any other request, with its parsed answer (text where it is not JSON). */
  request<T = unknown>(raw: RawRequest): Promise<T>;
  close(): Promise<void>;
}

/** A client that acts as `identity`. */
export function connect(identity: Identity): ApiClient {
  const { credential, authority } = identity;
  const agent = new Agent({
    connect: { ca: authority, ...('token' in credential ? {} : { cert: credential.certificate, key: credential.key }) },
    allowH2: false,
  });

  async function open(raw: RawRequest, bodyTimeout: number): Promise<Dispatcher.ResponseData> {
    const query = raw.query ? `?${new URLSearchParams(raw.query)}` : '';
    const response = await request(`${identity.server}${raw.path}${query}`, {
      dispatcher: agent,
      method: raw.method,
      headers: {
        accept: 'application/json',
        ...('token' in credential ? { authorization: `Bearer ${credential.token}` } : {}),
        ...(raw.body === undefined ? {} : { 'content-type': raw.contentType ?? 'application/json' }),
      },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout,
      ...(raw.body === undefined ? {} : { body: JSON.stringify(raw.body) }),
      ...(raw.signal === undefined ? {} : { signal: raw.signal }),
    });
    if (response.statusCode >= 400) throw refusalOf(response.statusCode, await response.body.text());
    return response;
  }

  async function send<T>(raw: RawRequest): Promise<T> {
    const response = await open(raw, TIMEOUT_MS);
    const text = await response.body.text();
    return (String(response.headers['content-type']).includes('json') ? JSON.parse(text) : text) as T;
  }

  return {
    request: send,
    async get(kind, namespace, name) {
      try {
        return await send<KubeObject>({ method: 'GET', path: pathOf(kind, namespace, name) });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: (kind, namespace) => send({ method: 'GET', path: pathOf(kind, namespace) }),
    create: (object) => send({ method: 'POST', path: pathOf(requireKind(object), object.metadata.namespace), body: object }),
    update: (object) => send({ method: 'PUT', path: pathOf(requireKind(object), object.metadata.namespace, object.metadata.name), body: object }),
    apply: (object) =>
      send({
        method: 'PATCH',
        path: pathOf(requireKind(object), object.metadata.namespace, object.metadata.name),
        query: { fieldManager: FIELD_MANAGER, force: 'true' },
        body: object,
        contentType: 'application/apply-patch+yaml',
      }),
    patch: (kind, namespace, name, body, subresource) =>
      send({
        method: 'PATCH',
        path: `${pathOf(kind, namespace, name)}${subresource ? `/${subresource}` : ''}`,
        body,
        contentType: 'application/merge-patch+json',
      }),
    async delete(kind, namespace, name) {
      try {
        await send({ method: 'DELETE', path: pathOf(kind, namespace, name), query: { propagationPolicy: 'Background' } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    async *watch(kind, resourceVersion, signal) {
      const response = await open({ method: 'GET', path: pathOf(kind), query: { watch: 'true', resourceVersion }, signal }, 0);
      for await (const line of createInterface({ input: response.body })) {
        const event = JSON.parse(line) as WatchEvent | { type: 'ERROR'; object: { code: number; reason: string; message: string } };
        if (event.type === 'ERROR') throw new RefusedError(event.object.code, event.object.reason, event.object.message);
        yield event;
      }
    },
    close: () => agent.destroy(),
  };
}

function pathOf(kind: Kind, namespace?: string, name?: string): string {
  const group = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  return [group, ...(kind.namespaced && namespace ? ['namespaces', namespace] : []), kind.plural, ...(name ? [name] : [])].join('/');
}

function requireKind(object: KubeObject): Kind {
  const kind = kindOf(object);
  if (!kind) throw new Error(`${object.apiVersion} ${object.kind} is not among the kinds of api/kinds.ts`);
  return kind;
}

function refusalOf(code: number, body: string): RefusedError {
  try {
    const status = JSON.parse(body) as { reason?: string; message?: string };
    return new RefusedError(code, status.reason ?? '', status.message ?? body);
  } catch {
    return new RefusedError(code, '', body.trim());
  }
}
