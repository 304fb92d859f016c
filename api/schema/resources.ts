import type { Version } from './model.ts';
import { mapNodes, object, replaceAt, type SchemaNode, string, without } from './node.ts';
import { serviceSpec } from './service.ts';
import { configStatus, serviceStatus } from './status.ts';

export type ServingKind = 'LLMInferenceService' | 'LLMInferenceServiceConfig';
export const versions: readonly Version[] = ['v1alpha1', 'v1alpha2'];

const typeMeta: Readonly<Record<string, SchemaNode>> = {
  apiVersion: string('Version of the schema of this object.'),
  kind: string('Kind of this object.'),
  metadata: { type: 'object', typescript: { type: 'ObjectMeta' } },
};

/** Where a config may hold templates, whose text no bound on strings can foresee (R1.13). */
const TEMPLATED = [
  'router.route.http.spec',
  'router.scheduler.pool.spec',
  'template',
  'worker',
  'prefill.template',
  'prefill.worker',
  'router.scheduler.template',
  'router.scheduler.tokenizer.template',
];

/** A quantity has its pattern built in, which the CRD loses. It cannot be a template for all that: admission reads it (R1.14). */
const relax = (node: SchemaNode): SchemaNode => {
  const relaxed = without(node, 'pattern', 'x-kubernetes-validations', 'minLength', 'minItems', 'minProperties');
  return node.quantity ? { ...relaxed, patternless: true } : relaxed;
};

const configSpec = (version: Version): SchemaNode =>
  TEMPLATED.reduce((spec, path) => replaceAt(spec, path, (node) => mapNodes(node, relax)), serviceSpec(version));

function build(kind: ServingKind, version: Version): SchemaNode {
  const isService = kind === 'LLMInferenceService';
  return object(
    isService
      ? 'A large language model, served: what to serve, on what, and how requests reach it.'
      : 'A part of the spec of services, to be inherited by name or chosen by the controller. Strings may hold templates.',
    {
      ...typeMeta,
      spec: isService ? serviceSpec(version) : configSpec(version),
      status: (isService ? serviceStatus : configStatus)[version],
    },
    { typescript: { name: kind, required: ['apiVersion', 'kind', 'metadata'] } },
  );
}

const both = (kind: ServingKind): Readonly<Record<Version, SchemaNode>> => ({ v1alpha1: build(kind, 'v1alpha1'), v1alpha2: build(kind, 'v1alpha2') });

/** The whole object of either kind in either version. */
export const resources: Readonly<Record<ServingKind, Readonly<Record<Version, SchemaNode>>>> = {
  LLMInferenceService: both('LLMInferenceService'),
  LLMInferenceServiceConfig: both('LLMInferenceServiceConfig'),
};
