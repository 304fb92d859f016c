import { httpRouteSpec } from './embedded.ts';
import type { Version } from './model.ts';
import { boolean, described, int32, int64, list, nodeAt, object, type SchemaNode, string, stringMap } from './node.ts';
import { namespaceName, objectName, objectReference, objectReferenceFields, sectionName } from './references.ts';

const ATOMIC = { 'x-kubernetes-list-type': 'atomic' } as const;

const condition = object(
  'One aspect of the state.',
  {
    type: string('Name of the aspect.'),
    status: string('True, False or Unknown.'),
    severity: string('Empty where the condition decides on readiness, else Info.'),
    lastTransitionTime: string('When the condition last changed.'),
    reason: string('A word for the cause.'),
    message: string('What a person should know.'),
  },
  { required: ['status', 'type'], typescript: { type: 'Condition' } },
);

const bookkeeping: Readonly<Record<string, SchemaNode>> = {
  observedGeneration: int64('Generation of the spec that the status describes.'),
  conditions: list('Conditions, sorted by type.', condition),
  annotations: stringMap('Record of the controller: names of the pinned presets, and what outlives a managed HTTPRoute.'),
};

const addressFields: Readonly<Record<string, SchemaNode>> = {
  name: string('Kind of the address.'),
  url: string('The address.'),
  CACerts: string('Certificates to trust, in PEM.'),
  audience: string('Audience of tokens.'),
};

const address = object('An address of the service.', addressFields, { typescript: { name: 'Address' } });

const servedModel = object('A model behind an address.', { name: string('Name of the model in requests.') }, { required: ['name'] });

const richAddress = object(
  'An address of the service.',
  {
    ...addressFields,
    origin: described('What provides the address: a Gateway or a Service.', objectReference),
    models: list('Models that answer there.', servedModel),
  },
  { typescript: { name: 'Address' } },
);

const gatewayStatus = object(
  'A Gateway that serves the service.',
  {
    ...objectReferenceFields,
    listeners: list('Names of the listeners; all of them when it is absent.', sectionName('Name of a listener.'), ATOMIC),
    httpRoutes: list('HTTPRoutes that attach to it.', objectReference, ATOMIC),
  },
  { required: ['group', 'kind', 'name'], typescript: { name: 'GatewayStatus', extends: 'GatewayObjectReference' } },
);

const backendRef: SchemaNode = described(
  'Where its share of the traffic goes.',
  nodeAt(httpRouteSpec, 'rules.[].filters.[].requestMirror.backendRef'),
);

const groupMember = object(
  'A service of the group.',
  {
    name: string('Name of the service.'),
    weight: int32('Its weight.'),
    stopped: boolean('Whether it is stopped, which takes it out of the traffic.'),
    backendRef,
  },
  { required: ['name', 'weight'], typescript: { name: 'GroupMemberStatus' } },
);

const group = object(
  'The routing group the service belongs to.',
  {
    name: string('Name of the group.'),
    members: list('Services of the group.', groupMember, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  },
  { required: ['name'] },
);

const routerStatus = (version: Version): SchemaNode =>
  object(
    'How requests reach the service.',
    {
      gateways: list('Gateways of the service.', gatewayStatus, ATOMIC),
      scheduler: object('The endpoint picker.', {
        inferencePool: described('The InferencePool in use.', objectReference),
        service: described('The Service of the picker.', objectReference),
      }),
      ...(version === 'v1alpha2' && { group }),
    },
    { typescript: { name: 'RouterStatus' } },
  );

const workloadReference = object(
  'A workload of the service.',
  {
    apiGroup: string('API group of the workload.'),
    kind: string('Kind of the workload.'),
    name: string('Name of the workload.'),
    readyReplicas: int32('Replicas that are ready.'),
  },
  { required: ['kind', 'name'], 'x-kubernetes-map-type': 'atomic', typescript: { name: 'WorkloadReference' } },
);

const workloads = object(
  'Workloads of the service.',
  {
    primary: described('The main workload; the decode workload where there is a prefill one.', workloadReference),
    prefill: described('The prefill workload.', workloadReference),
    scheduler: described('The endpoint picker.', workloadReference),
    service: object(
      'The Service in front of the pods.',
      { apiGroup: string('API group.'), kind: string('Kind.'), name: string('Name.') },
      { required: ['kind', 'name'], 'x-kubernetes-map-type': 'atomic' },
    ),
  },
  { typescript: { name: 'WorkloadsStatus' } },
);

const appliedConfig = object(
  'A config the effective spec is made of.',
  {
    name: string('Name of the config.'),
    namespace: string('Namespace of the config.'),
    source: string('Whether the controller chose it or a baseRef names it.', {
      enum: ['Preset', 'UserRef'],
      typescript: { type: "'Preset' | 'UserRef'" },
    }),
  },
  { required: ['name', 'namespace', 'source'], typescript: { name: 'AppliedConfig' } },
);

const buildServiceStatus = (version: Version): SchemaNode => {
  const current = version === 'v1alpha2';
  return object(
    'What the controller observed and did.',
    {
      url: string('The external address when there is one, else the first address.'),
      ...bookkeeping,
      address: described('Not filled; see addresses.', current ? richAddress : address),
      addresses: list('Addresses of the service.', current ? richAddress : address, ATOMIC),
      router: routerStatus(version),
      ...(current && { workloads, appliedConfigs: list('Configs in merge order, lowest precedence first.', appliedConfig, ATOMIC) }),
    },
    { typescript: { name: 'LLMInferenceServiceStatus' } },
  );
};

const referencedBy = list(
  'Services that use the config.',
  object(
    'A service.',
    { name: objectName('Name of the service.'), namespace: namespaceName('Namespace of the service.') },
    {
      required: ['name', 'namespace'],
    },
  ),
  ATOMIC,
);

const buildConfigStatus = (version: Version): SchemaNode =>
  object(
    'What the controller observed.',
    { ...bookkeeping, ...(version === 'v1alpha2' && { referencedBy }) },
    {
      typescript: { name: 'LLMInferenceServiceConfigStatus' },
    },
  );

/** LLMInferenceServiceStatus (R1 §5.1, §5.3). */
export const serviceStatus: Readonly<Record<Version, SchemaNode>> = {
  v1alpha1: buildServiceStatus('v1alpha1'),
  v1alpha2: buildServiceStatus('v1alpha2'),
};

/** LLMInferenceServiceConfigStatus (R1 §5.2, §5.3). */
export const configStatus: Readonly<Record<Version, SchemaNode>> = {
  v1alpha1: buildConfigStatus('v1alpha1'),
  v1alpha2: buildConfigStatus('v1alpha2'),
};
