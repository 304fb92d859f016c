/** The executables a control plane needs, by the names they have in every Kubernetes distribution. */
export const REQUIRED = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;
export type BinaryName = (typeof REQUIRED)[number];

/** Receives progress, line by line, for the user. */
export type Log = (line: string) => void;

/**
 * One way to get executables: puts those of `names` that it can provide into `directory`. Throws BinariesError when it should have
 * worked and did not; what it leaves out is asked of the next one.
 */
export type Provider = (names: readonly BinaryName[], directory: string, log: Log) => Promise<void>;

/** The executables cannot be had on this machine; the message says why and what helps. */
export class BinariesError extends Error {
  override readonly name = 'BinariesError';
}
