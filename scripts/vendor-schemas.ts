/**
 * Refreshes api/schema/vendor: the schemas of foreign types that our CRDs embed, reduced to what a CRD needs.
 *
 * Sources are Go modules, at the versions whose types are part of the wire contract (R1.12, R1.4, R1 §2.5). Needs the `go` command and the network;
 * the result is checked in, so nothing else does. Usage: node scripts/vendor-schemas.ts
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const VERSIONS = {
  'k8s.io/kubernetes': 'v1.34.3',
  'k8s.io/api': 'v0.34.3',
  'sigs.k8s.io/gateway-api': 'v1.5.1',
  'sigs.k8s.io/gateway-api-inference-extension': 'v1.5.0',
} as const;

type Json = { [key: string]: unknown };
type Definitions = Record<string, Json>;
const VENDOR = join(import.meta.dirname, '../api/schema/vendor');

const entriesOf = (value: unknown): [string, Json][] => Object.entries((value ?? {}) as Record<string, Json>);

function moduleDirectory(module: keyof typeof VERSIONS): string {
  const answer = execFileSync('go', ['mod', 'download', '-json', `${module}@${VERSIONS[module]}`], { encoding: 'utf8' });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

// --- Go types: which fields are pointers (so that zero and absent differ) ---

interface GoField {
  readonly type: string;
  readonly pointer: boolean;
}
interface GoStruct {
  readonly fields: Map<string, GoField>;
  readonly embedded: string[];
}

function readGoStructs(directory: string): Map<string, GoStruct> {
  const structs = new Map<string, GoStruct>();
  const files = readdirSync(directory).filter((name) => name.endsWith('types.go'));
  for (const file of files) {
    const source = readFileSync(join(directory, file), 'utf8');
    for (const [, name = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)) structs.set(name, readFields(body));
  }
  return structs;
}

function readFields(body: string): GoStruct {
  const struct: GoStruct = { fields: new Map(), embedded: [] };
  for (const [, type = '', tag = ''] of body.matchAll(/^\t(?:\w+ +)?(\S+) +`json:"([^"]*)"/gm)) {
    const name = tag.split(',')[0] ?? '';
    const bare = type.replace(/^(\*|\[\])*/, '').replace(/^.*\./, '');
    if (name === '') struct.embedded.push(bare);
    else struct.fields.set(name, { type: bare, pointer: type.startsWith('*') });
  }
  return struct;
}

function goField(structs: Map<string, GoStruct>, typeName: string, field: string): GoField | undefined {
  const struct = structs.get(typeName);
  return struct?.fields.get(field) ?? struct?.embedded.map((name) => goField(structs, name, field)).find((found) => found !== undefined);
}

const SCALAR_REFS = ['Quantity', 'IntOrString'];
const isScalar = (schema: Json): boolean =>
  ['string', 'boolean', 'integer', 'number'].includes(schema.type as string) || SCALAR_REFS.includes(schema.$ref as string);

/** Puts `pointer: true` on every scalar field that is a pointer in Go. Follows nested properties, not references. */
function markPointers(schema: Json, typeName: string, structs: Map<string, GoStruct>): void {
  for (const [name, property] of entriesOf(schema.properties)) {
    const field = goField(structs, typeName, name);
    if (field === undefined) continue;
    if (field.pointer && isScalar(property)) property.pointer = true;
    markPointers((property.items as Json | undefined) ?? property, field.type, structs);
  }
}

// --- Kubernetes: definitions that refer to each other ---

const shortName = (ref: string): string => ref.slice(ref.lastIndexOf('.') + 1);
const KEPT = [
  'type',
  'format',
  'required',
  'default',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-patch-merge-key',
];

/** Kubernetes publishes the zero value of Go as the default of required and of composite fields; those are not defaults of the API. */
const isRealDefault = (value: unknown, required: boolean): boolean => !required && typeof value !== 'object';

function reduce(schema: Json, required = false): Json {
  const [wrapped] = (schema.allOf as Json[] | undefined) ?? [];
  const ref = (schema.$ref ?? wrapped?.$ref) as string | undefined;
  const result: Json = ref === undefined ? {} : { $ref: shortName(ref) };
  for (const key of KEPT) {
    if (schema[key] !== undefined && (key !== 'default' || isRealDefault(schema[key], required))) result[key] = schema[key];
  }
  const names = (schema.required as string[] | undefined) ?? [];
  if (schema.properties !== undefined) {
    result.properties = Object.fromEntries(entriesOf(schema.properties).map(([name, property]) => [name, reduce(property, names.includes(name))]));
  }
  for (const key of ['items', 'additionalProperties'] as const) {
    if (typeof schema[key] === 'object') result[key] = reduce(schema[key] as Json, true);
  }
  return result;
}

/** What has its own form in a CRD instead of the published one. Object metadata is reduced to what a claim template may carry. */
const SPECIAL: Definitions = {
  Quantity: { quantity: true },
  IntOrString: { intOrString: true },
  Time: { type: 'string', format: 'date-time' },
  ObjectMeta: {
    type: 'object',
    properties: {
      annotations: { type: 'object', additionalProperties: { type: 'string' } },
      finalizers: { type: 'array', items: { type: 'string' } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      name: { type: 'string' },
      namespace: { type: 'string' },
    },
  },
};

function collect(name: string, published: Definitions, into: Definitions): void {
  if (into[name] !== undefined) return;
  const definition = SPECIAL[name] ?? reduce(published[name] ?? {});
  into[name] = definition;
  for (const [, ref = ''] of JSON.stringify(definition).matchAll(/"\$ref":"(\w+)"/g)) collect(ref, published, into);
}

function kubernetesDefinitions(): Definitions {
  const openApi = join(moduleDirectory('k8s.io/kubernetes'), 'api/openapi-spec/v3');
  const types = moduleDirectory('k8s.io/api');
  const result: Definitions = {};
  const sources = [
    { document: 'api__v1_openapi.json', directory: 'core/v1', roots: ['PodSpec', 'PersistentVolumeClaimSpec'] },
    { document: 'apis__autoscaling__v2_openapi.json', directory: 'autoscaling/v2', roots: ['HorizontalPodAutoscalerBehavior'] },
  ];
  for (const { document, directory, roots } of sources) {
    const { components } = JSON.parse(readFileSync(join(openApi, document), 'utf8')) as { components: { schemas: Definitions } };
    const published = Object.fromEntries(Object.entries(components.schemas).map(([name, schema]) => [shortName(name), schema]));
    for (const root of roots) collect(root, published, result);
    const structs = readGoStructs(join(types, directory));
    for (const [name, definition] of Object.entries(result)) markPointers(definition, name, structs);
  }
  return result;
}

// --- Gateway API and its inference extension: the spec schema of a CRD, which has no references ---

function withoutDescriptions(value: unknown, isPropertyMap = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutDescriptions(item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => isPropertyMap || key !== 'description');
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutDescriptions(item, key === 'properties' && !isPropertyMap)]));
}

interface Crd {
  spec: { versions: { name: string; schema: { openAPIV3Schema: { properties: { spec: Json } } } }[] };
}

function crdSpec(file: string, typeName: string, goDirectory: string): Json {
  const version = (parse(readFileSync(file, 'utf8')) as Crd).spec.versions.find(({ name }) => name === 'v1');
  const spec = withoutDescriptions(version?.schema.openAPIV3Schema.properties.spec) as Json;
  markPointers(spec, typeName, readGoStructs(goDirectory));
  return spec;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item)]),
  );
}

function write(name: string, source: readonly (keyof typeof VERSIONS)[], schema: unknown): void {
  const document = { source: source.map((module) => `${module} ${VERSIONS[module]}`), schema: sortKeys(schema) };
  writeFileSync(join(VENDOR, name), `${JSON.stringify(document, undefined, 1)}\n`);
}

const gateway = moduleDirectory('sigs.k8s.io/gateway-api');
const extension = moduleDirectory('sigs.k8s.io/gateway-api-inference-extension');
write('kubernetes.json', ['k8s.io/kubernetes', 'k8s.io/api'], kubernetesDefinitions());
write(
  'http-route-spec.json',
  ['sigs.k8s.io/gateway-api'],
  crdSpec(join(gateway, 'config/crd/experimental/gateway.networking.k8s.io_httproutes.yaml'), 'HTTPRouteSpec', join(gateway, 'apis/v1')),
);
write(
  'inference-pool-spec.json',
  ['sigs.k8s.io/gateway-api-inference-extension'],
  crdSpec(join(extension, 'config/crd/bases/inference.networking.k8s.io_inferencepools.yaml'), 'InferencePoolSpec', join(extension, 'api/v1')),
);
