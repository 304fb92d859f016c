import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';

/** How to reach an API server, and as whom. */
export interface Access {
  /** `https://host:port`, perhaps with a path. */
  readonly server: string;
  /** The namespace the context or the pod lives in. */
  readonly namespace?: string;
  /** The credentials of this moment; the client asks again every few seconds and after a 401. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  readonly proxy?: string;
}

export type TlsMaterial = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TLS_KEYS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'servername', 'rejectUnauthorized'] as const;

type LoadedKubeConfig = Pick<KubeConfig, 'getCurrentCluster' | 'getContextObject' | 'getCurrentContext' | 'applyToHTTPSOptions'>;

/** Access through a loaded kubeconfig: tokens, client certificates, exec plugins, OIDC, proxies and impersonation as it says. */
export function accessOf(kubeConfig: LoadedKubeConfig): Access {
  const cluster = kubeConfig.getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig has no current cluster');
  const namespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace;
  return {
    server: cluster.server.replace(/\/+$/, ''),
    ...(namespace === undefined ? {} : { namespace }),
    async credentials() {
      const options: RequestOptions = {};
      await kubeConfig.applyToHTTPSOptions(options);
      const headers = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value).trim()]));
      if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
      const tls = Object.fromEntries(TLS_KEYS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]]))) as TlsMaterial;
      return { headers, tls, ...(cluster.proxyUrl ? { proxy: cluster.proxyUrl } : {}) };
    },
  };
}

/**
 * Access of a pod through its service account; token and CA are read again whenever they are asked for, because the kubelet
 * rotates them. Written out here because loading the client library for it costs about 60 MB (docs/decisions/0004-client.md).
 */
export function inClusterAccess(environment: NodeJS.ProcessEnv, directory: string = SERVICE_ACCOUNT): Access {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port) throw new Error('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this process does not run in a pod');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(environment.POD_NAMESPACE ? { namespace: environment.POD_NAMESPACE } : {}),
    async credentials() {
      const [token, ca] = await Promise.all([readFile(join(directory, 'token'), 'utf8'), readFile(join(directory, 'ca.crt'))]);
      return { headers: { Authorization: `Bearer ${token.trim()}` }, tls: { ca } };
    },
  };
}

/** Reads a kubeconfig file, or with no argument the files that KUBECONFIG or the home directory name. Loads the client library. */
export async function loadKubeConfig(file?: string): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const kubeConfig = new KubeConfig();
  if (file === undefined) kubeConfig.loadFromDefault();
  else kubeConfig.loadFromFile(file);
  return kubeConfig;
}

/**
 * The access of this process: the given kubeconfig file (`--kubeconfig`), else `KUBECONFIG`, else the pod's service account, else
 * `~/.kube/config` (R1.91).
 */
export async function loadAccess(options: { kubeconfig?: string | undefined; environment: NodeJS.ProcessEnv }): Promise<Access> {
  const { kubeconfig, environment } = options;
  if (kubeconfig) return accessOf(await loadKubeConfig(kubeconfig));
  if (environment.KUBECONFIG) return accessOf(await loadKubeConfig());
  if (environment.KUBERNETES_SERVICE_HOST) return inClusterAccess(environment);
  return accessOf(await loadKubeConfig(join(homedir(), '.kube', 'config')));
}
