import { type Installation, installation } from '../../cli/installation.ts';
import { createAuthority, type KeyAndCertificate } from '../../control-plane/certificates.ts';
import { chooseFreePort } from '../../control-plane/ports.ts';

export const HOST = '127.0.0.1';

/** Where the webhooks of an operator on this machine will be, before there is one. */
export interface WebhookAddress {
  readonly port: number;
  readonly certificate: KeyAndCertificate;
  /** What an installation applies for an operator with these webhooks. */
  readonly manifests: Installation;
}

/** @param options `minimal`: the installation has the CRDs that do not check v1alpha1 */
export async function chooseWebhookAddress(options: { minimal: boolean } = { minimal: false }): Promise<WebhookAddress> {
  const port = await chooseFreePort();
  const authority = await createAuthority('webhooks');
  const caBundle = Buffer.from(authority.certificate).toString('base64');
  return {
    port,
    certificate: await authority.issueServer('webhooks', { dns: ['localhost'], ip: [HOST] }),
    manifests: installation({ via: 'url', url: `https://${HOST}:${port}`, caBundle }, options),
  };
}
