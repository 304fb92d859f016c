import { type Inquiry, list } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { Deployment, LabelSelector, Pod } from '../api/kubernetes.ts';
import { labels as keys } from '../api/metadata.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { Context } from './children.ts';

type Labels = Readonly<Record<string, string>>;

/** How the selector of a Deployment and the labels of its pods come together. */
export interface SelectorPlan {
  readonly selector: LabelSelector;
  /** How many replicas there are, where the Deployment is made anew. */
  readonly replicas?: number;
  /** Whether the live Deployment has to go first, and what becomes of its pods. */
  readonly replaced?: 'with its pods' | 'keeping its pods';
}

/**
 * The selector of a Deployment cannot be changed: the live one is kept as long as it fits the pods, whoever wrote it. When it
 * does not, the Deployment is made anew (B3.1, R3.35a). One that serves lets go of its pods; the new one takes them over, by a
 * selector that fits both, and replaces them as in any rollout. Where there is no such selector, the user has to decide.
 *
 * @param labels what the pods are going to carry
 */
export function* planSelector(context: Context, name: string, labels: Labels, live: Deployment | undefined): Inquiry<SelectorPlan | Rejection> {
  const wide = { matchLabels: { ...labels } };
  const core = { matchLabels: coreOf(labels) };
  if (live === undefined) {
    const pods = yield* list<Pod>(kinds.pod, context.service.metadata.namespace, core.matchLabels);
    const kept = pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined && !selects(wide, metadata?.labels));
    return kept.length === 0 ? { selector: wide } : { selector: core, replicas: kept.length };
  }
  const { spec, status } = live;
  const selector = spec?.selector ?? wide;
  if (selects(selector, labels)) return { selector };
  const replicas = spec?.replicas ?? 1;
  // On its way out, and its status does not count the pods any more that it has let go of.
  if (live.metadata?.deletionTimestamp) return { selector: core, replicas, replaced: 'keeping its pods' };
  const { observedGeneration = 0, availableReplicas = 0 } = status ?? {};
  // Without a controller, there are no pods to keep, and maybe nobody who would let go of them.
  if (observedGeneration === 0 || availableReplicas === 0) return { selector: wide, replicas, replaced: 'with its pods' };
  if (selects(core, spec?.template.metadata?.labels)) return { selector: core, replicas, replaced: 'keeping its pods' };
  const where = `${context.service.metadata.namespace}/${name}`;
  return reject(
    'ImmutableSelector',
    `Deployment ${where} serves and finds its pods by labels that are to change, which Kubernetes does not allow: delete it to have it made anew (kubectl delete deployment ${name} -n ${context.service.metadata.namespace})`,
  );
}

/** The labels by which the pods of one workload differ from those of all others (R3.31). */
function coreOf(labels: Labels): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key === keys.component || key === keys.name || key === keys.partOf));
}

function selects(selector: LabelSelector, labels: Labels = {}): boolean {
  if ((selector.matchExpressions ?? []).length > 0) return false;
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}
