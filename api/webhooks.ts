import { groupOf, type Kind, kinds } from './kinds.ts';
import type { KubeObject } from './kubernetes.ts';
import { annotations } from './metadata.ts';

type Verb = 'mutate' | 'validate';
type Version = 'v1alpha1' | 'v1alpha2';

/** One admission webhook (R1.43). */
export interface AdmissionWebhook {
  readonly verb: Verb;
  readonly kind: Kind;
  readonly version: Version;
  readonly name: string;
  /** Path it is served at. */
  readonly path: string;
  readonly operations: readonly string[];
}

export const WEBHOOK_SERVICE = 'llmisvc-webhook-server-service';
/** The cert-manager Certificate, and the Secret that it, or the operator itself, keeps the certificate in (R1.112). */
export const WEBHOOK_CERTIFICATE = 'llmisvc-serving-cert';
export const WEBHOOK_SECRET = 'llmisvc-webhook-server-cert';
export const CONVERSION_PATH = '/convert';

const ROLE: Readonly<Record<Verb, string>> = { mutate: 'defaulter', validate: 'validator' };

function admissionWebhook(verb: Verb, kind: Kind, version: Version, operations: readonly string[]): AdmissionWebhook {
  const singular = kind.kind.toLowerCase();
  return {
    verb,
    kind,
    version,
    operations,
    name: `${singular}.kserve-webhook-server.${version}.${ROLE[verb]}`,
    path: `/${verb}-${groupOf(kind).replaceAll('.', '-')}-${version}-${singular}`,
  };
}

const WRITES = ['CREATE', 'UPDATE'];

/** The six admission webhooks. Configs have no mutating one (R1.44). */
export const admissionWebhooks: readonly AdmissionWebhook[] = [
  admissionWebhook('mutate', kinds.service, 'v1alpha1', WRITES),
  admissionWebhook('mutate', kinds.service, 'v1alpha2', WRITES),
  admissionWebhook('validate', kinds.service, 'v1alpha1', WRITES),
  admissionWebhook('validate', kinds.service, 'v1alpha2', WRITES),
  admissionWebhook('validate', kinds.config, 'v1alpha1', [...WRITES, 'DELETE']),
  admissionWebhook('validate', kinds.config, 'v1alpha2', [...WRITES, 'DELETE']),
];

export interface RegistrationOptions {
  /** Namespace of the webhook Service. */
  readonly namespace: string;
  /** `Exact` sends each version to its own webhook; absent leaves the API server's default (R1.45). */
  readonly matchPolicy?: 'Exact' | 'Equivalent';
}

/** Webhook configurations for the given webhooks, one object per verb and kind (R1.43). */
export function webhookConfigurations(webhooks: readonly AdmissionWebhook[], options: RegistrationOptions): KubeObject[] {
  const byObject = Map.groupBy(webhooks, ({ verb, kind }) => `${verb} ${kind.kind}`);
  return [...byObject.values()].flatMap(([first, ...rest]) => (first === undefined ? [] : [configuration([first, ...rest], options)]));
}

function configuration(webhooks: readonly [AdmissionWebhook, ...AdmissionWebhook[]], options: RegistrationOptions): KubeObject {
  const [{ verb, kind }] = webhooks;
  const { apiVersion, kind: configurationKind } = verb === 'mutate' ? kinds.mutatingWebhookConfiguration : kinds.validatingWebhookConfiguration;
  return {
    apiVersion,
    kind: configurationKind,
    metadata: {
      name: `${kind.kind.toLowerCase()}.${groupOf(kind)}`,
      annotations: { [annotations.injectCaFrom]: `${options.namespace}/${WEBHOOK_CERTIFICATE}` },
    },
    webhooks: webhooks.map((webhook) => registration(webhook, options)),
  };
}

function registration({ name, path, operations, version, kind }: AdmissionWebhook, { namespace, matchPolicy }: RegistrationOptions): object {
  return {
    name,
    clientConfig: { service: { name: WEBHOOK_SERVICE, namespace, path } },
    admissionReviewVersions: ['v1', 'v1beta1'],
    failurePolicy: 'Fail',
    ...(matchPolicy && { matchPolicy }),
    sideEffects: 'None',
    rules: [{ apiGroups: [groupOf(kind)], apiVersions: [version], operations, resources: [kind.plural] }],
  };
}
