import type { KubeObject } from '../api/kubernetes.ts';
import { customResourceDefinition } from '../api/schema/index.ts';
import { CONVERSION_PATH, WEBHOOK_SERVICE } from '../api/webhooks.ts';
import { readManifests } from './manifest-files.ts';
import { packagePath } from './package-files.ts';

/** Where the API server reaches the webhooks. */
export type WebhookTarget =
  /** The in-cluster Service; without a CA, cert-manager or the operator supplies it. */
  | { readonly via: 'service'; readonly caBundle?: string }
  /** A URL, for an operator outside of the cluster; without a CA, the operator supplies it. */
  | { readonly via: 'url'; readonly url: string; readonly caBundle?: string };

/** Everything the operator needs in a cluster, in the order in which it has to be applied. The same plain files feed the Helm charts. */
export interface Installation {
  /** The two CRDs, with conversion by webhook. */
  readonly definitions: readonly KubeObject[];
  /** Namespace, permissions, Services and ConfigMap. */
  readonly base: readonly KubeObject[];
  readonly presets: readonly KubeObject[];
  readonly webhooks: readonly KubeObject[];
}

const SYSTEM_NAMESPACE = 'kserve';
/** Asks cert-manager to write the CA into an object. */
export const CA_INJECTION = 'cert-manager.io/inject-ca-from';
const chartFile = (name: string): string => packagePath(`charts/kserve-llmisvc-resources/files/${name}`);

/**
 * @param options `minimal`: CRDs that do not check the fields of v1alpha1 (R1.16), which an API server takes in three times as fast
 */
export function installation(target: WebhookTarget, options: { minimal: boolean } = { minimal: false }): Installation {
  const read = (path: string): KubeObject[] => readManifests([path]).map(({ object }) => object);
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } };
  return {
    definitions: definitions(options).map((crd) => withConversion(crd, target)),
    base: [namespace, ...['rbac.yaml', 'user-roles.yaml', 'services.yaml', 'configmap.yaml'].flatMap((file) => read(chartFile(file)))],
    presets: read(packagePath('presets')).map((preset) => ({ ...preset, metadata: { ...preset.metadata, namespace: SYSTEM_NAMESPACE } })),
    webhooks: read(chartFile('webhooks.yaml')).map((configuration) => withTarget(configuration, target)),
  };
}

/** The two CRDs. They are those of crds/, made from their source because reading so much YAML takes seconds. */
const definitions = (options: { minimal: boolean }): KubeObject[] =>
  (['LLMInferenceService', 'LLMInferenceServiceConfig'] as const).map((kind) => customResourceDefinition(kind, options));

function clientConfig(path: string, target: WebhookTarget): Record<string, unknown> {
  const ca = target.caBundle === undefined ? {} : { caBundle: target.caBundle };
  if (target.via === 'url') return { url: `${target.url.replace(/\/$/, '')}${path}`, ...ca };
  return { service: { name: WEBHOOK_SERVICE, namespace: SYSTEM_NAMESPACE, path, port: 443 }, ...ca };
}

/** Whether cert-manager, where there is one, is asked for the CA. */
const isInjected = ({ via, caBundle }: WebhookTarget): boolean => via === 'service' && caBundle === undefined;

function withConversion(crd: KubeObject, target: WebhookTarget): KubeObject {
  const conversion = {
    strategy: 'Webhook',
    webhook: { conversionReviewVersions: ['v1', 'v1beta1'], clientConfig: clientConfig(CONVERSION_PATH, target) },
  };
  const injected = { [CA_INJECTION]: `${SYSTEM_NAMESPACE}/llmisvc-serving-cert` };
  return {
    ...crd,
    metadata: { ...crd.metadata, annotations: { ...crd.metadata.annotations, ...(isInjected(target) ? injected : {}) } },
    spec: { ...(crd.spec as object), conversion },
  };
}

interface Webhook {
  clientConfig: { service?: { path?: string } };
}

function withTarget(configuration: KubeObject, target: WebhookTarget): KubeObject {
  const webhooks = (configuration.webhooks as Webhook[]).map((webhook) => ({
    ...webhook,
    clientConfig: clientConfig(webhook.clientConfig.service?.path ?? '/', target),
  }));
  if (isInjected(target)) return { ...configuration, webhooks };
  const { annotations: _, ...metadata } = configuration.metadata;
  return { ...configuration, metadata, webhooks };
}
