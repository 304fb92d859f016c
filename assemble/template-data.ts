import { inferencePoolName } from '../api/predicates.ts';
import { type MergeObject, specMergeSchema } from '../api/schema/merge-schema.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../api/types.ts';
import type { Settings } from './settings.ts';
import { type Member, type Shape, type StructShape, Typed } from './template/values.ts';
import { readField, structShape } from './template-shapes.ts';
import { urlShape } from './template-url.ts';

/** What a template reads, before it is dressed in types. */
export interface TemplateInput {
  readonly service: LLMInferenceService;
  /** The spec templates see as `.Spec`. */
  readonly spec: LLMInferenceServiceSpec;
  /** The spec that decides the pool name: the merged one. */
  readonly poolOwner: LLMInferenceServiceSpec;
  readonly settings: Settings | undefined;
  readonly systemNamespace: string;
}

interface GlobalConfig {
  readonly SystemNamespace: string;
  readonly IngressGatewayName: string;
  readonly IngressGatewayNamespace: string;
  readonly EnableTLS: boolean;
  readonly ModelBasedRoutingHeaderName: string;
  readonly InferencePoolNamespacedName: string;
}

interface Root {
  readonly service: LLMInferenceService;
  readonly spec: LLMInferenceServiceSpec;
  readonly globalConfig: GlobalConfig;
}

/** The dot of a config's templates: the service, with everything of its metadata also at the top, and GlobalConfig (R2.69). */
export function templateData({ service, spec, poolOwner, settings, systemNamespace }: TemplateInput): Typed {
  const { name = '', namespace = '' } = service.metadata;
  const globalConfig: GlobalConfig =
    settings === undefined
      ? noGlobalConfig
      : {
          SystemNamespace: systemNamespace,
          IngressGatewayName: settings.ingress.gatewayName,
          IngressGatewayNamespace: settings.ingress.gatewayNamespace,
          EnableTLS: settings.ingress.enableTLS,
          ModelBasedRoutingHeaderName: settings.ingress.modelBasedRoutingHeaderName,
          InferencePoolNamespacedName: `${namespace}/${inferencePoolName(poolOwner.router?.scheduler, name)}`,
        };
  return new Typed(rootShape, { service, spec, globalConfig } satisfies Root);
}

const noGlobalConfig: GlobalConfig = {
  SystemNamespace: '',
  IngressGatewayName: '',
  IngressGatewayNamespace: '',
  EnableTLS: false,
  ModelBasedRoutingHeaderName: '',
  InferencePoolNamespacedName: '',
};

const text: Shape = { kind: 'scalar', type: 'string', pointer: false, zero: '' };
const number: Shape = { kind: 'scalar', type: 'int64', pointer: false, zero: 0 };
const flag: Shape = { kind: 'scalar', type: 'bool', pointer: false, zero: false };
const textMap: Shape = { kind: 'map', type: 'map[string]string', values: text };
const opaqueList: Shape = { kind: 'list', type: '[]interface {}', items: { kind: 'opaque', type: 'interface {}' } };
const opaque: Shape = { kind: 'opaque', type: 'interface {}' };

const member = (field: string, shape: Shape): Member => ({ shape, read: readField(field) });

function struct(type: string, members: Readonly<Record<string, Member>>): StructShape {
  return { kind: 'struct', type, pointer: false, member: (name) => (Object.hasOwn(members, name) ? members[name] : undefined) };
}

const metadataMembers: Readonly<Record<string, Member>> = {
  Name: member('name', text),
  GenerateName: member('generateName', text),
  Namespace: member('namespace', text),
  SelfLink: member('selfLink', text),
  UID: member('uid', text),
  ResourceVersion: member('resourceVersion', text),
  Generation: member('generation', number),
  CreationTimestamp: member('creationTimestamp', text),
  DeletionTimestamp: member('deletionTimestamp', { kind: 'scalar', type: 'v1.Time', pointer: true, zero: '' }),
  DeletionGracePeriodSeconds: member('deletionGracePeriodSeconds', { kind: 'scalar', type: 'int64', pointer: true, zero: 0 }),
  Labels: member('labels', textMap),
  Annotations: member('annotations', textMap),
  Finalizers: member('finalizers', { kind: 'list', type: '[]string', items: text }),
  OwnerReferences: member('ownerReferences', opaqueList),
  ManagedFields: member('managedFields', opaqueList),
};

const typeMembers: Readonly<Record<string, Member>> = { Kind: member('kind', text), APIVersion: member('apiVersion', text) };

const appliedConfig = struct('v1alpha2.AppliedConfig', {
  Name: member('name', text),
  Namespace: member('namespace', text),
  Source: member('source', text),
});

const statusShape = struct('v1alpha2.LLMInferenceServiceStatus', {
  URL: member('url', urlShape),
  ObservedGeneration: member('observedGeneration', number),
  Conditions: member('conditions', opaqueList),
  Annotations: member('annotations', textMap),
  Address: member('address', opaque),
  Addresses: member('addresses', opaqueList),
  Router: member('router', opaque),
  Workloads: member('workloads', opaque),
  AppliedConfigs: member('appliedConfigs', { kind: 'list', type: '[]v1alpha2.AppliedConfig', items: appliedConfig }),
});

/** The spec, whose main workload is also reached as `WorkloadSpec`. */
const plainSpecShape = structShape(specMergeSchema as MergeObject, 'v1alpha2.LLMInferenceServiceSpec', false);
const specShape: StructShape = {
  ...plainSpecShape,
  member: (name) => (name === 'WorkloadSpec' ? { shape: workloadShape, read: (spec) => spec } : plainSpecShape.member(name)),
};
const workloadShape: StructShape = { ...plainSpecShape, type: 'v1alpha2.WorkloadSpec' };

const globalConfigShape = struct('llmisvc.templateGlobalConfig', {
  SystemNamespace: member('SystemNamespace', text),
  IngressGatewayName: member('IngressGatewayName', text),
  IngressGatewayNamespace: member('IngressGatewayNamespace', text),
  EnableTLS: member('EnableTLS', flag),
  ModelBasedRoutingHeaderName: member('ModelBasedRoutingHeaderName', text),
  InferencePoolNamespacedName: member('InferencePoolNamespacedName', text),
});

/** Members read from a part of the root. */
function at(pick: (root: Root) => unknown, members: Readonly<Record<string, Member>>): Record<string, Member> {
  return Object.fromEntries(
    Object.entries(members).map(([name, { shape, read }]) => [name, { shape, read: (root: unknown) => read(pick(root as Root)) }]),
  );
}

const part = (pick: (root: Root) => unknown, shape: Shape): Member => ({ shape, read: (root) => pick(root as Root) });

const serviceMembers: Readonly<Record<string, Member>> = {
  ...at((root) => root.service.metadata, metadataMembers),
  ...at((root) => root.service, typeMembers),
  ObjectMeta: part((root) => root.service.metadata, struct('v1.ObjectMeta', metadataMembers)),
  TypeMeta: part((root) => root.service, struct('v1.TypeMeta', typeMembers)),
  Spec: part((root) => root.spec, specShape),
  Status: part((root) => root.service.status, statusShape),
};

const rootShape = struct('struct { *v1alpha2.LLMInferenceService; GlobalConfig llmisvc.templateGlobalConfig }', {
  ...serviceMembers,
  LLMInferenceService: part((root) => root, struct('v1alpha2.LLMInferenceService', serviceMembers)),
  GlobalConfig: part((root) => root.globalConfig, globalConfigShape),
});
