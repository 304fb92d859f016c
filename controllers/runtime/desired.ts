import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject, LabelSelector } from '../../api/kubernetes.ts';
import { labels } from '../../api/metadata.ts';
import { isObject, type Json } from './shape.ts';

/**
 * The desired object in the form in which it can be compared with the observed one and written: fields that only exist on the way
 * in are folded into those they end up in, and what cannot change any more is left as it is where that is right.
 */
export function prepareDesired(kind: Kind, desired: KubeObject, observed: KubeObject | undefined): KubeObject {
  if (kind === kinds.secret) return withEncodedData(desired);
  if (kind === kinds.deployment && observed) return withLiveSelector(desired, observed);
  return desired;
}

/**
 * Where others may add to an object, by JSON pointer, as long as what is desired of it does not change: in the spec of a managed
 * route, but for the rules of one that belongs to a group (R5.43, B5.3). Undefined where they may not.
 */
export function mayAdd(kind: Kind, { metadata }: Json): ((path: string) => boolean) | undefined {
  if (kind !== kinds.httpRoute) return undefined;
  const grouped = (metadata as KubeObject['metadata'] | undefined)?.labels?.[labels.routingGroup] !== undefined;
  return (path) => path.startsWith('/spec/') && !(grouped && path.startsWith('/spec/rules'));
}

/** `stringData` is write-only: the server stores it, encoded, in `data`. */
function withEncodedData(secret: KubeObject): KubeObject {
  const { stringData, ...rest } = secret;
  if (!isObject(stringData)) return secret;
  const encoded = Object.fromEntries(Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]));
  return { ...rest, data: { ...(secret.data as Json | undefined), ...encoded } } as KubeObject;
}

interface WithSelector {
  readonly selector?: LabelSelector;
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
}

/** The selector of a Deployment cannot change. A live one that still fits the new template is as good as ours (B3.1). */
function withLiveSelector(desired: KubeObject, observed: KubeObject): KubeObject {
  const [wanted, live] = [desired.spec, observed.spec] as [WithSelector | undefined, WithSelector | undefined];
  if (!live?.selector || !selects(live.selector, wanted?.template?.metadata?.labels ?? {})) return desired;
  return { ...desired, spec: { ...wanted, selector: live.selector } };
}

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const matches = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return matches && (selector.matchExpressions ?? []).every((e) => meets(e, labels));
}

function meets(expression: NonNullable<LabelSelector['matchExpressions']>[number], labels: Readonly<Record<string, string>>): boolean {
  const value = labels[expression.key];
  const listed = value !== undefined && (expression.values ?? []).includes(value);
  switch (expression.operator) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
