import { createPrivateKey, X509Certificate } from 'node:crypto';
import { certificate, get, type Inquiry, list } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject, Pod, Secret, Service } from '../api/kubernetes.ts';
import { components, labels } from '../api/metadata.ts';
import type { InferencePoolSpec } from '../api/types.ts';
import type { Context } from './children.ts';
import { child, componentLabels, nameOf, serviceLabels } from './identity.ts';

/** After this time, eight years, a Secret says that its certificate has expired: four years before it does (R3.283, R3.284). */
const ANNOUNCED_LIFE = 8 * 365 * 24 * 3600 * 1000;

/** A certificate is renewed this long before its own end, whatever its Secret says of it (B3.44). */
const RENEWAL_MARGIN = 30 * 24 * 3600 * 1000;

type Data = Readonly<Record<string, string>>;

/**
 * Secret with the certificate that the pods of a service present (R3.280). The live one is kept as long as it is good for
 * every name and address under which the pods are reached; only otherwise a new one is asked for (R3.285, B3.31).
 */
export function* renderCertificate(context: Context): Inquiry<KubeObject> {
  const { namespace } = context.service.metadata;
  const name = nameOf(context, 'certificate');
  // Asked again where the cache has none: a cache that lags must not lead to a second certificate.
  const live = (yield* get<Secret>(kinds.secret, namespace, name)) ?? (yield* get<Secret>(kinds.secret, namespace, name, { fresh: true }));
  const dnsNames = yield* wantedNames(context);
  const addresses = yield* wantedAddresses(context);
  const kept = live && isGood(context, live, dnsNames, addresses) ? live : undefined;
  const { annotations, data } = kept === undefined ? yield* issued(context, dnsNames, addresses) : keptParts(context, kept);
  return {
    ...child(context, kinds.secret, name, { labels: componentLabels(context, components.workload), annotations }),
    type: 'kubernetes.io/tls',
    data,
  };
}

function* issued(context: Context, dnsNames: readonly string[], addresses: readonly string[]): Inquiry<{ annotations: Data; data: Data }> {
  const { key, certificate: leaf, ca } = yield* certificate(dnsNames, addresses);
  const expires = new Date(context.now + ANNOUNCED_LIFE);
  const expirationKey = context.settings.expirationAnnotations[0];
  return {
    annotations: expirationKey === undefined ? {} : { [expirationKey]: `${expires.toISOString().slice(0, 19)}Z` },
    data: { 'tls.key': encoded(key), 'tls.crt': encoded(leaf), 'ca.crt': encoded(ca) },
  };
}

/**
 * What a kept Secret states: its own key, certificate and expiry, whichever key that is under (R3.287, R3.288). Secrets of older
 * versions have no CA; the certificate is its own (B3.43).
 */
function keptParts({ settings }: Context, { metadata, data = {} }: Secret): { annotations: Data; data: Data } {
  const expiry = Object.entries(metadata?.annotations ?? {}).filter(([key]) => settings.expirationAnnotations.includes(key));
  const { 'tls.key': key = '', 'tls.crt': leaf = '', 'ca.crt': ca = leaf } = data;
  return { annotations: Object.fromEntries(expiry), data: { 'tls.key': key, 'tls.crt': leaf, 'ca.crt': ca } };
}

/** Names of the Services through which a service's pods are reached, and `localhost`; sorted (R3.281). */
function* wantedNames(context: Context): Inquiry<readonly string[]> {
  const { service, spec, options } = context;
  const picker = yield* endpointPickerName(context);
  const tokenizer = spec.router?.scheduler?.tokenizer === undefined ? undefined : nameOf(context, 'tokenizer');
  const services = [nameOf(context, 'workloadService'), picker, tokenizer].filter((name) => name !== undefined);
  const names = services.flatMap((name) => {
    const short = `${name}.${service.metadata.namespace}.svc`;
    return [short, `${short}.${options.clusterDomain}`];
  });
  return [...new Set(['localhost', ...names])].sort();
}

/** The endpoint picker's Service: what the pool says, that is the external pool where it can be read. */
function* endpointPickerName({ service, spec }: Context): Inquiry<string | undefined> {
  const pool = spec.router?.scheduler?.pool;
  const external = pool?.ref?.name
    ? yield* get<KubeObject & { spec?: InferencePoolSpec }>(kinds.inferencePool, service.metadata.namespace, pool.ref.name)
    : undefined;
  return (external?.spec ?? pool?.spec)?.endpointPickerRef?.name || undefined;
}

/**
 * Addresses of the service's pods and Services, and the loopback address; sorted (R3.282). Only addresses count: a pod
 * that has none yet, or a headless Service, must not make a certificate look incomplete (B3.30).
 */
function* wantedAddresses(context: Context): Inquiry<readonly string[]> {
  const { namespace } = context.service.metadata;
  const isServing = (object: Pod | Service) => object.metadata?.labels?.[labels.component] !== components.scheduler;
  const pods = (yield* list<Pod>(kinds.pod, namespace, serviceLabels(context))).filter(isServing);
  const services = (yield* list<Service>(kinds.coreService, namespace, serviceLabels(context))).filter(isServing);
  const found = [
    ...pods.flatMap(({ status }) => [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)]),
    ...services.flatMap(({ spec }) => [spec?.clusterIP, ...(spec?.clusterIPs ?? [])]),
  ];
  return [...new Set(['127.0.0.1', ...found.filter(isAddress)])].sort();
}

function isAddress(text: string | undefined): text is string {
  if (text === undefined) return false;
  if (text.includes(':')) return /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`);
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
}

/** Whether a Secret's certificate can go on being used (R3.285). What it is good for beyond the wanted does not matter. */
function isGood(context: Context, { metadata, data = {} }: Secret, dnsNames: readonly string[], addresses: readonly string[]): boolean {
  if (isExpiredByAnnotation(context, metadata?.annotations ?? {})) return false;
  const leaf = parsedPair(data);
  if (leaf === undefined || Date.parse(leaf.validTo) - RENEWAL_MARGIN <= context.now) return false;
  const names = new Set((leaf.subjectAltName ?? '').split(', '));
  return dnsNames.every((name) => names.has(`DNS:${name}`)) && addresses.every((address) => leaf.checkIP(address) !== undefined);
}

/** The first configured key that is present decides; a time that does not parse never expires (R3.286). */
function isExpiredByAnnotation({ settings, now }: Context, annotations: Data): boolean {
  const key = settings.expirationAnnotations.find((candidate) => annotations[candidate] !== undefined);
  const time = key === undefined ? Number.NaN : rfc3339(annotations[key] ?? '');
  return time < now;
}

const rfc3339 = (text: string): number => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN);

/** The certificate, if it and its key are there and can be read. */
function parsedPair(data: Data): X509Certificate | undefined {
  const [key, leaf] = [decoded(data['tls.key']), decoded(data['tls.crt'])];
  if (!/-----BEGIN PRIVATE KEY-----/.test(key)) return undefined;
  try {
    createPrivateKey(key);
    return new X509Certificate(leaf);
  } catch {
    // Whatever is wrong with it, it cannot be used.
    return undefined;
  }
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');
const decoded = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString();
