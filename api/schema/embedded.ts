import { withMeaning } from './foreign-rules.ts';
import { mapNodes, replaceAt, type SchemaNode, type TypeScriptHint, without } from './node.ts';
import httpRoute from './vendor/http-route-spec.json' with { type: 'json' };
import inferencePool from './vendor/inference-pool-spec.json' with { type: 'json' };
import kubernetes from './vendor/kubernetes.json' with { type: 'json' };

/** Schemas of foreign types that ours embed. scripts/vendor-schemas.ts says where the files come from. */

type Vendored = SchemaNode & { readonly $ref?: string; readonly 'x-kubernetes-patch-merge-key'?: string };

const definitions = kubernetes.schema as unknown as Readonly<Record<string, Vendored>>;
const resolved = new Map<string, SchemaNode>();

function definition(name: string): SchemaNode {
  const known = resolved.get(name);
  if (known !== undefined) return known;
  const found = definitions[name];
  if (found === undefined) throw new Error(`no vendored definition ${name}`);
  const node = mapNodes(found, resolveReference);
  resolved.set(name, node);
  return node;
}

function resolveReference(node: Vendored): SchemaNode {
  const { $ref, 'x-kubernetes-patch-merge-key': mergeKey, ...own } = node;
  return { ...($ref !== undefined && definition($ref)), ...own, ...(mergeKey !== undefined && { mergeKey }) };
}

/** core/v1 PodSpec. `containers` may be left out, since a lower layer can supply them (R1.11). */
export const podTemplate: SchemaNode = { ...without(definition('PodSpec'), 'required'), typescript: { type: 'PodTemplate' } };

/** core/v1 PersistentVolumeClaimSpec. */
export const persistentVolumeClaimSpec: SchemaNode = {
  ...definition('PersistentVolumeClaimSpec'),
  typescript: { type: 'PersistentVolumeClaimSpec' },
};

/** autoscaling/v2 HorizontalPodAutoscalerBehavior. */
export const horizontalPodAutoscalerBehavior: SchemaNode = {
  ...definition('HorizontalPodAutoscalerBehavior'),
  typescript: { type: 'HorizontalPodAutoscalerBehavior' },
};

function hint(node: SchemaNode, hints: Readonly<Record<string, TypeScriptHint>>): SchemaNode {
  return Object.entries(hints).reduce((done, [path, typescript]) => replaceAt(done, path, (found) => ({ ...found, typescript })), node);
}

const withMeanings = (node: SchemaNode): SchemaNode => {
  const rules = node['x-kubernetes-validations'];
  return rules === undefined ? node : { ...node, 'x-kubernetes-validations': rules.map(withMeaning) };
};

/**
 * Spec of an InferencePool of `inference.networking.k8s.io/v1` (R1 §2.5). The Go type omits every empty field, so a merge layer may
 * leave out even the required ones.
 */
export const inferencePoolSpec: SchemaNode = hint(
  mapNodes(inferencePool.schema as unknown as SchemaNode, (node) => ({
    ...withMeanings(node),
    ...(node.type === 'object' && { alwaysWritten: [] }),
  })),
  { '': { name: 'InferencePoolSpec', required: [] } },
);

const HEADER_VALUE_PATTERN = '^[!-~]+([\\t ]?[!-~]+)*$';
const EXTERNAL_AUTH = 'ExternalAuth';
const RULE_NAMES_UNIQUE = 'Rule name must be unique within the route';

/** What the experimental HTTPRoute CRD adds to the plain Go type, taken away again (R1.4). */
function withoutExperimentalChecks(node: SchemaNode): SchemaNode {
  const rules = withMeanings(node)['x-kubernetes-validations']?.filter(
    (rule) => !rule.rule.includes(`'${EXTERNAL_AUTH}'`) && rule.message !== RULE_NAMES_UNIQUE,
  );
  return {
    ...without(node, ...(node.pattern === HEADER_VALUE_PATTERN ? (['pattern'] as const) : [])),
    ...(rules && { 'x-kubernetes-validations': rules }),
    ...(node.enum && { enum: node.enum.filter((value) => value !== EXTERNAL_AUTH) }),
  };
}

const ANY_FILTERS: TypeScriptHint = { type: 'Record<string, unknown>[]' };

/** Gateway API HTTPRouteSpec as the Go type of v1.5.1 has it, defaults included (R1.4, R1.5). */
export const httpRouteSpec: SchemaNode = hint(
  replaceAt(mapNodes(httpRoute.schema as unknown as SchemaNode, withoutExperimentalChecks), 'parentRefs', (node) =>
    without(node, 'x-kubernetes-validations'),
  ),
  {
    '': { name: 'HTTPRouteSpec', open: true },
    'parentRefs.[]': { name: 'ParentReference' },
    'rules.[]': { name: 'HTTPRouteRule', open: true },
    'rules.[].filters': ANY_FILTERS,
    'rules.[].matches.[]': { name: 'HTTPRouteMatch' },
    'rules.[].backendRefs.[]': { name: 'BackendRef' },
    'rules.[].backendRefs.[].filters': ANY_FILTERS,
  },
);
