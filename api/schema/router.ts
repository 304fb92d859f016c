import { httpRouteSpec, inferencePoolSpec, podTemplate } from './embedded.ts';
import type { Version } from './model.ts';
import { boolean, described, int32, list, object, type SchemaNode, string, stringMap } from './node.ts';
import { localObjectReference, namespaceName, objectName, sectionName } from './references.ts';

const route = object(
  'HTTP routing to the service.',
  {
    http: object('The HTTPRoute: {} for one that the controller manages, or one of refs and spec.', {
      refs: list('HTTPRoutes that exist; the controller does not change them.', localObjectReference),
      spec: described('Spec of the managed HTTPRoute, merged with the preset.', httpRouteSpec),
    }),
    group: string('Services of one group share their HTTPRoute, and traffic by weight.', {
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
      pointer: true,
    }),
    weight: int32('Share of the traffic of the group.', { minimum: 0, maximum: 1000000, pointer: true }),
  },
  { typescript: { name: 'RouteSpec' } },
);

const gateway = object('Gateways that the managed HTTPRoute attaches to: {} for the default one.', {
  refs: list(
    'Gateways that exist.',
    object(
      'Reference to a Gateway or one of its listeners.',
      {
        name: objectName('Name of the Gateway.'),
        namespace: namespaceName('Namespace of the Gateway.'),
        sectionName: sectionName('Name of the listener; all listeners when it is absent.'),
      },
      { typescript: { name: 'GatewayRef' } },
    ),
  ),
});

const ingress = object('Not acted on. Use route and gateway.', {
  refs: list(
    'Ingresses that exist.',
    object('Reference to an Ingress.', { name: objectName('Name of the Ingress.'), namespace: namespaceName('Namespace of the Ingress.') }),
  ),
});

/** InferencePoolSpec of the older pool API, as v1alpha1 has it (R1 §2.9). */
const inferencePoolSpecAlpha = object(
  'Spec of the managed InferencePool, merged with the preset.',
  {
    selector: stringMap('Labels of the pods.'),
    targetPortNumber: int32('Port of the pods.'),
    extensionRef: object(
      'The endpoint picker.',
      {
        group: string('API group of the picker.'),
        kind: string('Kind of the picker.'),
        name: string('Name of the picker.'),
        portNumber: int32('Port of the picker.', { minimum: 1, maximum: 65535 }),
        failureMode: string('What happens to requests when the picker does not answer.', { enum: ['FailOpen', 'FailClose'] }),
      },
      { required: ['name', 'failureMode'] },
    ),
  },
  { required: ['selector', 'targetPortNumber'] },
);

const pool = (version: Version): SchemaNode =>
  object('The InferencePool: one of spec and ref.', {
    spec:
      version === 'v1alpha1' ? inferencePoolSpecAlpha : described('Spec of the managed InferencePool, merged with the preset.', inferencePoolSpec),
    ref: described('An InferencePool that exists.', localObjectReference),
  });

const schedulerConfig = object('EndpointPickerConfig: one of inline and ref.', {
  inline: {
    type: 'object',
    description: 'The configuration itself.',
    raw: true,
    'x-kubernetes-preserve-unknown-fields': true,
    typescript: { type: 'unknown' },
  },
  ref: object(
    'Key of a ConfigMap that holds it.',
    {
      name: string('Name of the ConfigMap.', { default: '' }),
      key: string('Key in the ConfigMap.'),
      optional: boolean('Whether the ConfigMap may be missing.', { pointer: true }),
    },
    { required: ['key'], 'x-kubernetes-map-type': 'atomic' },
  ),
});

const scheduler = (version: Version): SchemaNode =>
  object(
    'The endpoint picker, which chooses a replica for each request.',
    {
      pool: pool(version),
      labels: stringMap('Labels for the pods of the picker.'),
      annotations: stringMap('Annotations for the pods of the picker.'),
      template: described('Pod of the picker. Merged with the preset, so it names only what differs.', podTemplate),
      config: schedulerConfig,
      replicas: int32('Number of replicas; more than one means one leader and standbys.', { pointer: true }),
      tokenizer: object('A tokenizer of its own for precise prefix routing.', {
        template: described('Pod of the tokenizer. Merged with the preset, so it names only what differs.', podTemplate),
      }),
    },
    { typescript: { name: 'SchedulerSpec' } },
  );

/** RouterSpec (R1 §2.4, §2.5). */
export const router = (version: Version): SchemaNode =>
  object(
    'How requests reach the service.',
    { route, gateway, ingress, scheduler: scheduler(version) },
    {
      typescript: { name: 'RouterSpec' },
    },
  );
