import type { KubeObject } from '../../api/kubernetes.ts';
import type { Actor } from './story.ts';

const PLACE = /^(uid|resourceVersion|creationTimestamp|generation|managedFields|clusterIP|clusterIPs)$/;
/** Of the certificate: made anew each time. */
const SECRET = /^(tls\.crt|tls\.key|ca\.crt|certificates\.kserve\.io\/expiration)$/;

/**
 * What a service has become, in a form in which services of other names and namespaces can be compared: names are replaced, and what the
 * API server or chance decides is left out.
 */
export async function normalised(actor: Actor): Promise<Record<string, unknown>> {
  const children = await actor.children();
  const entries = [...children].map(([key, child]) => [general(key, actor), JSON.parse(general(JSON.stringify(strip(child)), actor))] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const general = (text: string, { name, namespace }: Actor): string => text.replaceAll(namespace, '<namespace>').replaceAll(name, '<name>');

function strip({ status: _, ...object }: KubeObject): unknown {
  return JSON.parse(JSON.stringify(object, (key, value: unknown) => (PLACE.test(key) ? undefined : SECRET.test(key) ? '' : value)));
}
