/** The versions of what a control plane consists of. Nothing else in the project names them. */
export const VERSIONS = {
  etcd: '3.6.5',
  /** kube-apiserver and kube-controller-manager; their staging modules are `v0.<minor>.<patch>`. */
  kubernetes: '1.35.4',
  /** The published archive of etcd, kube-apiserver and kubectl. */
  envtest: '1.35.0',
  /** The language version of the modules; an older `go` cannot build them. */
  go: '1.25.0',
} as const;

/** Where executables are published. Beside each file lies `<file>.sha512`. */
export const PUBLISHERS = {
  /** Archives of the controller-tools project. */
  envtest: 'https://github.com/kubernetes-sigs/controller-tools/releases/download',
  /** Single executables of Kubernetes releases; those of the control plane for Linux only. */
  kubernetes: 'https://dl.k8s.io',
} as const;
