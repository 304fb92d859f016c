import { groupOf, type Kind, kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import { labels, PART_OF } from '../api/metadata.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { isKindNotServed } from '../controllers/runtime/api-error.ts';
import type { Client } from '../controllers/runtime/client.ts';

/** A service with everything that was made for it, as it is now. */
export interface ServiceTree {
  readonly service: LLMInferenceService;
  readonly children: readonly KubeObject[];
}

/** Kinds of children in the order in which a person thinks of them. */
const childKinds: readonly Kind[] = [
  kinds.deployment,
  kinds.leaderWorkerSet,
  kinds.horizontalPodAutoscaler,
  kinds.scaledObject,
  kinds.coreService,
  kinds.httpRoute,
  kinds.inferencePool,
  kinds.inferencePoolAlpha,
  kinds.secret,
  kinds.resourceClaimTemplate,
  kinds.serviceAccount,
  kinds.role,
  kinds.roleBinding,
  kinds.clusterRoleBinding,
];

/** Reads a service and its children: objects it controls, and cluster-scoped ones labelled with it. Undefined when it does not exist. */
export async function readTree(client: Client, namespace: string, name: string): Promise<ServiceTree | undefined> {
  const service = await client.get(kinds.service, namespace, name);
  if (!service) return undefined;
  const lists = await Promise.all(childKinds.map((kind) => listChildren(client, kind, service)));
  return { service: service as unknown as LLMInferenceService, children: lists.flat() };
}

async function listChildren(client: Client, kind: Kind, { metadata }: KubeObject): Promise<readonly KubeObject[]> {
  try {
    if (!kind.namespaced) {
      const { items } = await client.list(kind, { labelSelector: `${labels.partOf}=${PART_OF},${labels.name}=${metadata.name}` });
      return items.filter((o) => ((o.subjects ?? []) as { namespace?: string }[]).some((s) => s.namespace === metadata.namespace));
    }
    const { items } = await client.list(kind, { namespace: metadata.namespace });
    return items.filter((o) => o.metadata.ownerReferences?.some((ref) => ref.controller && ref.uid === metadata.uid));
  } catch (error) {
    if (isKindNotServed(error)) return [];
    throw error;
  }
}

interface Readiness {
  /** Undefined for objects that just have to exist. */
  readonly ready?: boolean;
  readonly text: string;
}

type Status = Record<string, unknown> & { conditions?: Condition[] };

const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

/** The group of the pools that an HTTPRoute sends requests to. */
function poolGroupsOf(route: KubeObject): string[] {
  const { rules = [] } = (route.spec ?? {}) as { rules?: { backendRefs?: { group?: string; kind?: string }[] }[] };
  return rules.flatMap(({ backendRefs = [] }) =>
    backendRefs.flatMap(({ group, kind }) => (kind === kinds.inferencePool.kind && group ? [group] : [])),
  );
}

/** Whether a pool waits in vain for a gateway because the routes lead to its twin in the other API group (R5.38). */
function standsBy(pool: KubeObject, children: readonly KubeObject[]): boolean {
  const groups = children.filter(({ kind }) => kind === kinds.httpRoute.kind).flatMap(poolGroupsOf);
  return groups.length > 0 && !groups.includes(groupOf(pool));
}

/** How far a child has come, by what its own status says and, for a pool, where the routes among its siblings lead. */
export function readinessOf(object: KubeObject, siblings: readonly KubeObject[] = []): Readiness {
  const status = (object.status ?? {}) as Status;
  const spec = (object.spec ?? {}) as { replicas?: number };
  switch (object.kind) {
    case kinds.deployment.kind:
    case kinds.leaderWorkerSet.kind: {
      const wanted = spec.replicas ?? 1;
      const ready = Number(status.readyReplicas ?? 0);
      return { ready: ready >= wanted && isTrue(status.conditions, 'Available'), text: `${ready}/${wanted} ready` };
    }
    case kinds.httpRoute.kind:
    case kinds.inferencePool.kind: {
      const parents = (status.parents ?? status.parent ?? []) as { parentRef: { name: string }; conditions?: Condition[] }[];
      const accepted = parents.filter(({ conditions }) => isTrue(conditions, 'Accepted')).map(({ parentRef }) => parentRef.name);
      if (accepted.length === 0 && object.kind === kinds.inferencePool.kind && standsBy(object, siblings)) {
        return { text: 'stands by: the route leads to the other one' };
      }
      return { ready: accepted.length > 0, text: accepted.length > 0 ? `accepted by ${[...new Set(accepted)].join(', ')}` : 'not accepted yet' };
    }
    default:
      return { text: 'exists' };
  }
}

const mark = (ready: boolean | undefined): string => (ready === undefined ? '·' : ready ? '✓' : '✗');

/** The tree as text: service, URL, children with their readiness, conditions. */
export function printTree({ service, children }: ServiceTree): string {
  const { metadata, status } = service;
  const conditions = status?.conditions ?? [];
  const widest = Math.max(0, ...children.map((child) => titleOf(child).length));
  const lines = children.map((child, i) => {
    const { ready, text } = readinessOf(child, children);
    return `${i === children.length - 1 ? '└─' : '├─'} ${mark(ready)} ${titleOf(child).padEnd(widest)}  ${text}`;
  });
  const types = Math.max(0, ...conditions.map((c) => c.type.length));
  return [
    `${mark(isTrue(conditions, 'Ready'))} LLMInferenceService ${metadata.namespace}/${metadata.name}`,
    ...lines,
    '',
    'Conditions',
    ...conditions.map((c) =>
      `  ${c.type.padEnd(types)}  ${c.status.padEnd(7)}${c.reason ? `  ${c.reason}` : ''}${c.message ? `: ${c.message}` : ''}`.trimEnd(),
    ),
    '',
    `URL  ${status?.url ?? '(none yet)'}`,
    ...(status?.addresses ?? []).filter((a) => a.url !== status?.url).map((a) => `     ${a.url}${a.name ? `  (${a.name})` : ''}`),
  ].join('\n');
}

/** Kind and name; two kinds share the name InferencePool. */
function titleOf(object: KubeObject): string {
  const version = object.kind === kinds.inferencePool.kind ? ` (${groupOf(object)})` : '';
  return `${object.kind}${version} ${object.metadata.name}`;
}
