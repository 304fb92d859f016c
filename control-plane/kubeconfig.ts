import { stringify } from 'yaml';
import type { KeyAndCertificate } from './certificates.ts';

/** How one user reaches an API server: by client certificate or by token. */
export interface Identity {
  readonly user: string;
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  /** The certificate of the authority that signed the server's, as PEM. */
  readonly authority: string;
  readonly credential: KeyAndCertificate | { readonly token: string };
  /** The namespace of the kubeconfig's context. */
  readonly namespace?: string;
}

/** The kubeconfig file of an identity, self-contained, as YAML. */
export function kubeconfigOf(identity: Identity): string {
  const { user, server, authority, credential, namespace } = identity;
  const cluster = 'control-plane';
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': cluster,
      clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': base64(authority) } }],
      users: [
        {
          name: user,
          user:
            'token' in credential
              ? { token: credential.token }
              : { 'client-certificate-data': base64(credential.certificate), 'client-key-data': base64(credential.key) },
        },
      ],
      contexts: [{ name: cluster, context: { cluster, user, ...(namespace === undefined ? {} : { namespace }) } }],
    },
    { lineWidth: 0 },
  );
}
