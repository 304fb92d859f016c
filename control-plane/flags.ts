import { join } from 'node:path';
import type { Flags } from './component.ts';

/** Files of a run, all in its directory. */
export function filesOf(directory: string) {
  const file = (name: string) => join(directory, name);
  return {
    authority: file('authority.crt'),
    serverCertificate: file('server.crt'),
    serverKey: file('server.key'),
    frontProxyAuthority: file('front-proxy-authority.crt'),
    frontProxyCertificate: file('front-proxy.crt'),
    frontProxyKey: file('front-proxy.key'),
    tokenPrivateKey: file('token-private.key'),
    tokenPublicKey: file('token-public.key'),
    adminKubeconfig: file('admin.kubeconfig'),
    controllerManagerKubeconfig: file('controller-manager.kubeconfig'),
    etcdSocket: file('etcd.sock'),
    etcdPeerSocket: file('etcd-peer.sock'),
    etcdData: file('etcd'),
  };
}

export type Files = ReturnType<typeof filesOf>;

/** The name in the certificate with which the aggregation layer calls aggregated API servers. */
export const FRONT_PROXY_USER = 'front-proxy-client';

/**
 * etcd listens on sockets in the run's directory: it needs no port, and no other user of the machine can reach it. The advertised
 * URLs are formal: nothing connects to them.
 */
export function etcdFlags(files: Files): Flags {
  return {
    'data-dir': files.etcdData,
    'listen-client-urls': `unix://${files.etcdSocket}`,
    'advertise-client-urls': 'http://localhost:2379',
    'listen-peer-urls': `unix://${files.etcdPeerSocket}`,
    // The data does not outlive the run.
    'unsafe-no-fsync': true,
    // The only member need not wait long for votes.
    'heartbeat-interval': 10,
    'election-timeout': 100,
    'log-level': 'warn',
  };
}

/** RBAC, service account tokens, the default admission plugins and the aggregation layer, as in a real cluster. */
export function apiServerFlags(files: Files, port: number): Flags {
  return {
    'etcd-servers': `unix://${files.etcdSocket}`,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': port,
    // Endpoints of the `kubernetes` Service may not be loopback addresses.
    'endpoint-reconciler-type': 'none',
    'service-cluster-ip-range': '10.96.0.0/16',
    'tls-cert-file': files.serverCertificate,
    'tls-private-key-file': files.serverKey,
    'client-ca-file': files.authority,
    'authorization-mode': 'RBAC',
    'allow-privileged': true,
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-signing-key-file': files.tokenPrivateKey,
    'service-account-key-file': files.tokenPublicKey,
    'requestheader-client-ca-file': files.frontProxyAuthority,
    'requestheader-allowed-names': FRONT_PROXY_USER,
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': files.frontProxyCertificate,
    'proxy-client-key-file': files.frontProxyKey,
    // Services are reached by their DNS name, so that an ExternalName Service leads to a server on this machine.
    'enable-aggregator-routing': false,
    profiling: false,
  };
}

/** Each controller acts as its own service account, with the rights it has in a real cluster. */
export function controllerManagerFlags(files: Files, controllers: readonly string[]): Flags {
  return {
    kubeconfig: files.controllerManagerKubeconfig,
    controllers: controllers.join(','),
    'use-service-account-credentials': true,
    'root-ca-file': files.authority,
    'leader-elect': false,
    // It needs no port: its readiness is seen in what its controllers do.
    'secure-port': 0,
    'kube-api-qps': 500,
    'kube-api-burst': 1000,
    profiling: false,
  };
}

/** What tests need of a cluster: deletion of namespaces and of owned objects, service accounts, aggregated roles. */
export const essentialControllers: readonly string[] = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'root-ca-certificate-publisher-controller',
  'clusterrole-aggregation-controller',
];

/** Makes Deployments create Pods; the Pods still need someone to run them (simulation.ts). */
export const workloadControllers: readonly string[] = ['deployment-controller', 'replicaset-controller'];

/** Scales by HorizontalPodAutoscaler; give it `fastAutoscaling` to see something happen within seconds. */
export const autoscalingControllers: readonly string[] = ['horizontal-pod-autoscaler-controller'];

/** Flags of kube-controller-manager under which an autoscaler decides every second and does not wait to scale down. */
export const fastAutoscaling: Flags = {
  'horizontal-pod-autoscaler-sync-period': '1s',
  'horizontal-pod-autoscaler-downscale-stabilization': '1s',
  'horizontal-pod-autoscaler-initial-readiness-delay': '0s',
  'horizontal-pod-autoscaler-cpu-initialization-period': '0s',
};
