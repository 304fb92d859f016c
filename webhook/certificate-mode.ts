import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../api/kinds.ts';
import { WEBHOOK_SECRET, WEBHOOK_SERVICE } from '../api/webhooks.ts';
import { textOf } from '../controllers/runtime/api-error.ts';
import { watchCertificate } from './certificate-files.ts';
import type { CertificateSource } from './certificate-source.ts';
import { isOurs } from './self-signed/secret.ts';
import { openSelfSignedCertificate, type SelfSignedOptions } from './self-signed/source.ts';

/**
 * Where the webhooks' certificate comes from: files that cert-manager or an administrator provides, or the operator itself. `auto`
 * takes files when there are any, unless they are a mounted copy of what the operator made itself, which nobody else renews.
 */
export const certificateModes = ['auto', 'files', 'self-signed'] as const;
export type CertificateMode = (typeof certificateModes)[number];

/** The names of the webhook Service, and of whatever else leads to the webhooks. */
export function webhookNames(options: { readonly namespace: string; readonly clusterDomain: string; readonly further: readonly string[] }): string[] {
  const service = `${WEBHOOK_SERVICE}.${options.namespace}.svc`;
  return [...new Set([service, `${service}.${options.clusterDomain}`, ...options.further])];
}

/**
 * Opens the source of the webhooks' certificate.
 *
 * @throws when the mode's certificate cannot be had
 */
export async function openCertificate(mode: CertificateMode, directory: string, selfSigned: SelfSignedOptions): Promise<CertificateSource> {
  const { log } = selfSigned;
  if (mode === 'files') return watchCertificate(directory, log);
  if (mode === 'self-signed') return openSelfSignedCertificate(selfSigned);
  const file = join(directory, 'tls.crt');
  const hasFiles = existsSync(file);
  if (hasFiles && !(await isSelfSigned(selfSigned))) return watchCertificate(directory, log);
  if (!hasFiles) log.info({ file }, 'there is no certificate in files: the operator issues its own');
  try {
    return await openSelfSignedCertificate(selfSigned);
  } catch (error) {
    if (hasFiles) throw error;
    throw new Error(`the webhooks have no certificate: ${file} does not exist, and none can be issued: ${textOf(error)}`, { cause: error });
  }
}

async function isSelfSigned({ client, namespace }: SelfSignedOptions): Promise<boolean> {
  try {
    const secret = await client.get(kinds.secret, namespace, WEBHOOK_SECRET);
    return secret !== undefined && isOurs(secret);
  } catch {
    // Who cannot read the Secret cannot have made it.
    return false;
  }
}
