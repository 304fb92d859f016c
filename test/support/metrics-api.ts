import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority } from '../../control-plane/certificates.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';
import { eventually } from './eventually.ts';

const GROUP = 'external.metrics.k8s.io';
const VERSION = 'v1beta1';
const METRIC = 'wva_desired_replicas';
const NAMESPACE = 'kube-system';
const SERVICE = 'scripted-metrics';
const PATH = `/apis/${GROUP}/${VERSION}`;

/** What a metric says to whoever asks now, as a quantity; undefined when there is no such metric. */
export type Script = () => Promise<string | undefined> | string | undefined;

/** The external metrics API of a cluster, with answers that a test gives. */
export interface MetricsApi {
  /** What is said of the desired replicas of a variant (R6.23). */
  script(namespace: string, variant: string, script: Script): void;
  close(): Promise<void>;
}

/**
 * Serves `external.metrics.k8s.io` on loopback and registers it with the aggregation layer, through a Service that is an external name.
 * Resolves when the API server passes requests on.
 */
export async function startMetricsApi({ admin }: ControlPlane): Promise<MetricsApi> {
  const scripts = new Map<string, Script>();
  const authority = await createAuthority(SERVICE);
  // The aggregation layer asks for the name of the Service, wherever that leads to.
  const { certificate, key } = await authority.issueServer(SERVICE, { dns: [`${SERVICE}.${NAMESPACE}.svc`], ip: [] });
  const server = createServer({ cert: certificate, key }, answerWith(scripts));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  await admin.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: SERVICE, namespace: NAMESPACE },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  });
  await admin.request({
    method: 'POST',
    path: '/apis/apiregistration.k8s.io/v1/apiservices',
    body: {
      metadata: { name: `${VERSION}.${GROUP}` },
      spec: {
        group: GROUP,
        version: VERSION,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        caBundle: Buffer.from(authority.certificate).toString('base64'),
        service: { name: SERVICE, namespace: NAMESPACE, port },
      },
    },
  });
  await eventually(() => admin.request({ method: 'GET', path: PATH }));
  return {
    script: (namespace, variant, script) => void scripts.set(`${namespace}/${variant}`, script),
    close: () => closed(server),
  };
}

const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/${VERSION}`,
  resources: [{ name: METRIC, singularName: '', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get'] }],
};

function answerWith(scripts: ReadonlyMap<string, Script>): RequestListener {
  const valuesOf = async (namespace: string, variant: string): Promise<{ code: number; body: object }> => {
    const value = await scripts.get(`${namespace}/${variant}`)?.();
    if (value === undefined) {
      const message = `there is no ${METRIC} of ${variant}`;
      return { code: 404, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404, message } };
    }
    const item = { metricName: METRIC, metricLabels: { variant_name: variant }, timestamp: new Date().toISOString(), value };
    return { code: 200, body: { kind: 'ExternalMetricValueList', apiVersion: `${GROUP}/${VERSION}`, metadata: {}, items: [item] } };
  };
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost');
    const [, namespace] = new RegExp(`^${PATH}/namespaces/([^/]+)/${METRIC}$`).exec(pathname) ?? [];
    const [, variant = ''] = /^variant_name=(.+)$/.exec(searchParams.get('labelSelector') ?? '') ?? [];
    const { code, body } = namespace === undefined ? { code: 200, body: resourceList } : await valuesOf(namespace, variant);
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

async function closed(server: Server): Promise<void> {
  const end = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await end;
}
