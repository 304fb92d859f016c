import { type Kind, kinds } from '../api/kinds.ts';
import type { ObjectMeta, OwnerReference } from '../api/kubernetes.ts';
import { annotations, type components, labels, PART_OF } from '../api/metadata.ts';
import { childName, suffixes } from '../api/names.ts';
import type { LLMInferenceServiceSpec } from '../api/types.ts';
import type { Context, ObjectRef } from './children.ts';

type Labels = Record<string, string>;
type Component = (typeof components)[keyof typeof components];

/** The controller reference every namespaced child carries (R3.30). */
export function ownerReference({ service }: Context): OwnerReference {
  return {
    apiVersion: kinds.service.apiVersion,
    kind: kinds.service.kind,
    name: service.metadata.name,
    uid: service.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Name of a child by its suffix (R3.26). */
export function nameOf({ service }: Context, suffix: keyof typeof suffixes): string {
  return childName(service.metadata.name, suffixes[suffix]);
}

/**
 * Head of a child: what addresses it, who owns it, and its labels and annotations where there are any.
 * The caller adds the body: `{ ...child(context, kinds.role, name, { labels }), rules }`.
 */
export function child(
  context: Context,
  kind: Kind,
  name: string,
  metadata: { readonly labels?: Labels; readonly annotations?: Labels } = {},
): { apiVersion: string; kind: string; metadata: ObjectMeta } {
  const present = (map: Labels | undefined) => map !== undefined && Object.keys(map).length > 0;
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      name,
      namespace: context.service.metadata.namespace,
      ...(present(metadata.labels) ? { labels: { ...metadata.labels } } : {}),
      ...(present(metadata.annotations) ? { annotations: { ...metadata.annotations } } : {}),
      ownerReferences: [ownerReference(context)],
    },
  };
}

/** A child of the service's namespace as something that must not exist. */
export function childRef(context: Context, kind: Kind, name: string): ObjectRef {
  return { kind, name, namespace: context.service.metadata.namespace };
}

/** Whether a pass over this generation has been finished before, so that what it had to tell is told. */
export function isGenerationObserved({ service: { metadata, status } }: Context): boolean {
  return metadata.generation !== undefined && status?.observedGeneration === metadata.generation;
}

/** Whether the service is the controller of a live object (R3.40). */
export function ownedByService({ service }: Context, object: { readonly metadata?: { readonly ownerReferences?: readonly unknown[] } }): boolean {
  const owners = (object.metadata?.ownerReferences ?? []) as readonly OwnerReference[];
  return owners.some((owner) => owner.controller === true && owner.uid === service.metadata.uid);
}

/** The labels by which the parts of a service are found: its name and that they are ours. */
export function serviceLabels({ service }: Context): Labels {
  return { [labels.name]: service.metadata.name, [labels.partOf]: PART_OF };
}

/** Service labels and the component; what children carry that are neither selected for traffic nor run a model (R3.31). */
export function componentLabels(context: Context, component: Component): Labels {
  return { [labels.component]: component, ...serviceLabels(context) };
}

/** Identity of pods that serve a phase: component, role and the label by which traffic finds them (R3.31). */
export function servingLabels(context: Context, component: Component, role: string): Labels {
  return { ...componentLabels(context, component), [labels.kserveComponent]: 'workload', [labels.role]: role };
}

/** Pods that traffic may reach: selector of the workload Service and of the default InferencePool (R3.32). */
export function trafficSelector(context: Context): Labels {
  return { ...serviceLabels(context), [labels.kserveComponent]: 'workload' };
}

/** Role of the main workload: it decodes when another workload prefills, else it does both (R3.31). */
export function mainRole(spec: LLMInferenceServiceSpec): 'decode' | 'both' {
  return spec.prefill === undefined ? 'both' : 'decode';
}

/** Prefixes of the service's own metadata keys that its workloads inherit (R3.33). */
const approved = {
  labels: ['kueue.x-k8s.io', labels.localModel],
  annotations: ['k8s.v1.cni.cncf.io', 'kueue.x-k8s.io', 'prometheus.io', labels.localModel],
  groupAnnotations: ['leaderworkerset.sigs.k8s.io'],
} as const;

const startingWith = (map: Labels | undefined, prefixes: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => prefixes.some((prefix) => key.startsWith(prefix))));

/** Labels and annotations that workloads inherit from the service's metadata; more annotations for LeaderWorkerSets (R3.33). */
export function inheritedMetadata({ service }: Context, workload: 'Deployment' | 'LeaderWorkerSet'): { labels: Labels; annotations: Labels } {
  const groupPrefixes = workload === 'LeaderWorkerSet' ? approved.groupAnnotations : [];
  return {
    labels: startingWith(service.metadata.labels, approved.labels),
    annotations: startingWith(service.metadata.annotations, [...approved.annotations, ...groupPrefixes]),
  };
}

/** Annotations of a workload spec without the one that is only meant for the service (R3.34). */
export function podAnnotations(specAnnotations: Labels | undefined): Labels {
  return Object.fromEntries(Object.entries(specAnnotations ?? {}).filter(([key]) => key !== annotations.modelBasedRouting));
}
