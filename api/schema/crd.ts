import { groupOf, type Kind, kinds } from '../kinds.ts';
import type { KubeObject } from '../kubernetes.ts';
import type { Version } from './model.ts';
import { type OpenApiSchema, openApi } from './openapi.ts';
import { resources, type ServingKind, versions } from './resources.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
  readonly priority?: number;
}

const ready: readonly Column[] = [
  { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

/** Names and columns of R1.1; the short name and the last column of configs are ours (B9). */
const faces: Readonly<Record<ServingKind, { kind: Kind; shortName: string; columns: readonly Column[] }>> = {
  LLMInferenceService: {
    kind: kinds.service,
    shortName: 'llmisvc',
    columns: [
      { name: 'URL', type: 'string', jsonPath: '.status.url' },
      ...ready,
      { name: 'URLs', type: 'string', jsonPath: '.status.addresses[*].url', priority: 1 },
    ],
  },
  LLMInferenceServiceConfig: {
    kind: kinds.config,
    shortName: 'llmisvcconfig',
    columns: [...ready, { name: 'InUse', type: 'string', jsonPath: ".status.conditions[?(@.type=='ConfigInUse')].status", priority: 1 }],
  },
};

/** Anything goes: stands for spec and status of the older version in the minimal CRDs (R1.16). */
const ANYTHING: OpenApiSchema = { type: 'object', 'x-kubernetes-map-type': 'atomic', 'x-kubernetes-preserve-unknown-fields': true };

function schemaOf(kind: ServingKind, version: Version, minimal: boolean): OpenApiSchema {
  const schema = crdSchema(kind, version);
  if (!minimal || version !== 'v1alpha1') return schema;
  return { ...schema, properties: { ...(schema.properties as OpenApiSchema), spec: ANYTHING, status: ANYTHING } };
}

/** The OpenAPI schema of the whole object of a kind in a version, as it stands in the full CRD. */
export function crdSchema(kind: ServingKind, version: Version): OpenApiSchema {
  return openApi(resources[kind][version]);
}

/**
 * The CustomResourceDefinition of a kind (R1.1 - R1.16). It has no `conversion` block: whoever installs it knows where the
 * webhook is (R1.2).
 */
export function customResourceDefinition(name: ServingKind, options: { minimal: boolean }): KubeObject {
  const { kind, shortName, columns } = faces[name];
  const group = groupOf(kind);
  return {
    apiVersion: kinds.customResourceDefinition.apiVersion,
    kind: kinds.customResourceDefinition.kind,
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      names: { kind: name, listKind: `${name}List`, plural: kind.plural, singular: name.toLowerCase(), shortNames: [shortName] },
      scope: 'Namespaced',
      versions: versions.map((version) => ({
        name: version,
        served: true,
        storage: version === 'v1alpha2',
        subresources: { status: {} },
        additionalPrinterColumns: columns,
        schema: { openAPIV3Schema: schemaOf(name, version, options.minimal) },
      })),
    },
  };
}
