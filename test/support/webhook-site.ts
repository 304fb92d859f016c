import { type Kind, kinds } from '../../api/kinds.ts';
import type { ConfigMap, KubeObject } from '../../api/kubernetes.ts';
import type { LocalModelCache } from '../../api/local-model.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { ApiError } from '../../controllers/runtime/api-error.ts';
import { type Client, createClient, pathOf } from '../../controllers/runtime/client.ts';
import type { AdmissionHandler } from '../../webhook/application.ts';
import { createHandlers } from '../../webhook/handlers.ts';
import { startWebhookServer, type WebhookServer } from '../../webhook/server.ts';
import { namespace } from './cluster.ts';
import { eventually } from './eventually.ts';
import { siteWithoutOperator } from './shared-operator.ts';
import { memoryLog } from './webhook-client.ts';

export type Version = 'v1alpha1' | 'v1alpha2';
export type Stored = KubeObject & { spec: Record<string, unknown> & { model?: Record<string, unknown> } };

export const inVersion = (kind: Kind, version: Version): Kind => ({ ...kind, apiVersion: `serving.kserve.io/${version}` });

/** The webhooks of a control plane, without controllers: what is written stays as it is. */
export interface WebhookSite {
  readonly client: Client;
  readonly kubeconfig: string;
  /** A namespace of its own; services and configs in it are deleted at the end. */
  readonly namespace: string;
  readonly systemNamespace: string;
  /** Paths of the admission reviews so far. */
  readonly asked: readonly string[];
  /** What local model caches there are. */
  useCaches(caches: readonly LocalModelCache[]): void;
  object(kind: Kind, version: Version, name: string, spec: object): Stored;
  service(name: string, spec: object, version?: Version): Stored;
  create(object: Stored): Promise<Stored>;
  read(name: string, version: Version, kind?: Kind): Promise<Stored>;
  /** Runs something while nobody answers for the webhooks. */
  withoutServer(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** The error with which the API server refuses something. */
export async function refusalOf(attempt: Promise<unknown>): Promise<ApiError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('the server accepted it');
}

/** Stops the shared operator and serves its webhooks alone, in this process. Local models are on. */
export async function openWebhookSite(prefix: string): Promise<WebhookSite> {
  const { controlPlane, options, webhooks, certificateDirectory } = await siteWithoutOperator();
  const kubeconfig = controlPlane.adminKubeconfig.path;
  const access = await loadAccess({ kubeconfig, environment: {} });
  const client = createClient(access, { version: 'test' });
  // Writers that wait for the webhooks must not take their connections.
  const lookups = createClient(access, { version: 'test' });
  const space = await namespace(prefix);
  const asked: string[] = [];
  let caches: readonly LocalModelCache[] = [];

  const sources = {
    options,
    async settings() {
      const stored = await lookups.get<KubeObject & ConfigMap>(kinds.configMap, options.systemNamespace, 'inferenceservice-config');
      return stored && { ...stored, data: { ...stored.data, localModel: '{"enabled":true}' } };
    },
    localModelCaches: async () => caches,
  };
  const handlers = [...createHandlers(sources)].map(([path, handler]): [string, AdmissionHandler] => [
    path,
    (request) => {
      asked.push(path);
      return handler(request);
    },
  ]);
  const serve = (): Promise<WebhookServer> =>
    startWebhookServer({ host: '127.0.0.1', port: webhooks.port, certificateDirectory, handlers: new Map(handlers), log: memoryLog([]) });
  let server = await serve();

  const object: WebhookSite['object'] = (kind, version, name, spec) => ({
    apiVersion: `serving.kserve.io/${version}`,
    kind: kind.kind,
    metadata: { name, namespace: space },
    spec: spec as Stored['spec'],
  });
  const service: WebhookSite['service'] = (name, spec, version = 'v1alpha2') => object(kinds.service, version, name, spec);
  const kindOf = ({ kind, apiVersion }: KubeObject): Kind => ({ ...(kind === kinds.service.kind ? kinds.service : kinds.config), apiVersion });

  // The API server takes a moment to learn who its webhooks are.
  await eventually(async () => {
    const probe = service('probe', { model: { uri: '' }, router: { scheduler: { replicas: 0 } } });
    const { message } = await refusalOf(client.create(probe, { dryRun: true }));
    if (!message.includes('scheduler replicas')) throw new Error(message);
  });

  return {
    client,
    kubeconfig,
    namespace: space,
    systemNamespace: options.systemNamespace,
    asked,
    useCaches(given) {
      caches = given;
    },
    object,
    service,
    create: (given) => client.create(given, { kind: kindOf(given) }),
    async read(name, version, kind = kinds.service) {
      const found = await client.get<Stored>(inVersion(kind, version), space, name);
      if (!found) throw new Error(`${name} is not there`);
      return found;
    },
    async withoutServer(work) {
      await server.stop();
      try {
        await work();
      } finally {
        server = await serve();
      }
    },
    async close() {
      for (const kind of [kinds.service, kinds.config]) await client.request({ method: 'DELETE', path: pathOf(kind, space) });
      await server.stop();
      await Promise.all([client.close(), lookups.close()]);
    },
  };
}
