import { Document, isMap, isScalar, isSeq, type Node } from 'yaml';
import { convertObject } from '../api/convert.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection } from '../api/rejection.ts';
import type { AppliedConfig, LLMInferenceServiceSpec } from '../api/types.ts';
import type { Assembled } from '../assemble/assemble.ts';
import { type FieldOrigin, type FieldPath, fieldOrigins } from '../assemble/field-origin.ts';
import type { Layer } from '../assemble/merge.ts';
import { planFiles, type RenderOptions } from './render.ts';

/**
 * The effective specs of the services in files as YAML, every value with a comment that says where it comes from.
 *
 * @throws ManifestError as `renderFiles`
 */
export function explainFiles(paths: readonly string[], options: RenderOptions): string {
  const { cluster, plans } = planFiles(paths, options);
  return plans.map(({ manifest, plan }) => explainOne(manifest.object, plan.assembled, cluster.written)).join('---\n');
}

function explainOne(service: KubeObject, assembled: Assembled, written: readonly KubeObject[]): string {
  const { layers, appliedConfigs, spec } = assembled;
  const appliedOf = (layer: Layer): AppliedConfig | undefined => appliedConfigs[layers.indexOf(layer)];
  const originOf = fieldOrigins(assembled, (layer) => specAsWritten(findWritten(service, appliedOf(layer), written)));
  const names = new Map(layers.map((layer) => [layer.origin, layerName(appliedOf(layer))]));
  const { apiVersion, kind } = kinds.service;
  const { name, namespace } = service.metadata;
  const document = new Document({ apiVersion, kind, metadata: { name, namespace }, spec }, { aliasDuplicateObjects: false });
  comment(document.get('spec') as Node, [], (path) => describe(originOf(path), names));
  document.commentBefore = legend(appliedConfigs);
  return document.toString({ lineWidth: 0 });
}

function findWritten(service: KubeObject, applied: AppliedConfig | undefined, written: readonly KubeObject[]): KubeObject | undefined {
  if (!applied) return service;
  const { kind } = kinds.config;
  return written.find((o) => o.kind === kind && o.metadata.name === applied.name && o.metadata.namespace === applied.namespace);
}

/** In the fields of the current version, but without defaults. */
function specAsWritten(object: KubeObject | undefined): LLMInferenceServiceSpec | undefined {
  if (!object) return undefined;
  const converted = convertObject(object, kinds.service.apiVersion);
  return (isRejection(converted) ? object : converted).spec as LLMInferenceServiceSpec;
}

const layerName = (applied: AppliedConfig | undefined): string =>
  applied ? `${applied.source === 'Preset' ? 'preset' : 'baseRef'} ${applied.name}` : 'service';

const legend = (configs: readonly AppliedConfig[]): string =>
  [
    'The effective spec. Each value names the layer it comes from. The layers, a later one overriding those before it:',
    ...configs.map((applied) => `  ${layerName(applied)}, in namespace ${applied.namespace}`),
    '  service',
    'default: the API server wrote it where the layer states nothing; operator: follows from the rest; template: the layer states a template.',
  ]
    .map((line) => ` ${line}`)
    .join('\n');

function describe(found: FieldOrigin, names: ReadonlyMap<string, string>): string {
  switch (found.from) {
    case 'layer':
      return `${names.get(found.origin)}${found.rendered ? ', template' : ''}`;
    case 'default':
      return found.origin === 'service' ? 'default' : `default, ${names.get(found.origin)}`;
    case 'configMap':
      return `ConfigMap ${found.namespace}/${found.name}`;
    default:
      return 'operator';
  }
}

/** Puts a comment on every scalar and every empty collection. */
function comment(node: Node, path: FieldPath, text: (path: FieldPath) => string): void {
  if (isMap(node) && node.items.length > 0) {
    for (const { key, value } of node.items) comment(value as Node, [...path, String(isScalar(key) ? key.value : key)], text);
  } else if (isSeq(node) && node.items.length > 0) {
    for (const [i, item] of node.items.entries()) comment(item as Node, [...path, i], text);
  } else {
    // In block style the comment of an empty collection would stand on a line of its own.
    if (isMap(node) || isSeq(node)) node.flow = true;
    node.comment = ` ${text(path)}`;
  }
}
