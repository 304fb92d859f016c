import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { WEBHOOK_SECRET } from '../../api/webhooks.ts';
import { bundleOf, certificatesIn, type WebhookCertificates } from './certificates.ts';

/** Says in the Secret that it is ours to change; the same Secret may be cert-manager's or an administrator's. */
const MANAGED_BY = 'app.kubernetes.io/managed-by';
const US = 'llmisvc-operator';

type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** Whether the operator made this Secret. */
export const isOurs = ({ metadata }: KubeObject): boolean => metadata.labels?.[MANAGED_BY] === US;

/** The certificates in a Secret; what is missing is empty. */
export function readSecret({ data = {} }: Secret): WebhookCertificates {
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  return { authorities: certificatesIn(text('ca.crt')), authorityKey: text('ca.key'), certificate: text('tls.crt'), key: text('tls.key') };
}

/** The Secret with these certificates: what a TLS Secret has, and the authority's key. `existing` is replaced in this very version. */
export function secretWith(certificates: WebhookCertificates, namespace: string, existing?: KubeObject): KubeObject {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const { labels, annotations, resourceVersion, uid } = existing?.metadata ?? {};
  const { apiVersion, kind } = kinds.secret;
  return {
    apiVersion,
    kind,
    metadata: {
      name: WEBHOOK_SECRET,
      namespace,
      labels: { ...labels, [MANAGED_BY]: US },
      ...(annotations === undefined ? {} : { annotations }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(uid === undefined ? {} : { uid }),
    },
    type: existing?.type ?? 'kubernetes.io/tls',
    data: {
      'tls.crt': base64(certificates.certificate),
      'tls.key': base64(certificates.key),
      'ca.crt': base64(bundleOf(certificates)),
      'ca.key': base64(certificates.authorityKey),
    },
  };
}
