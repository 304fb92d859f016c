import type { Registry } from 'prom-client';

/** Requests to the API server by `verb kind`, watches left out: they go on for ever. */
export type Requests = ReadonlyMap<string, number>;

const WRITES = new Set(['create', 'patch', 'update', 'delete', 'apply']);
/** Kinds that are not children: what a service writes about itself, and what the process writes about itself. */
const NOT_CHILDREN = new Set(['LLMInferenceService', 'LLMInferenceServiceConfig', 'Event', 'Lease']);

/** Reads `rest_client_requests_total` from the text of a metrics page. */
export function parseRequests(page: string): Requests {
  const found = new Map<string, number>();
  for (const [, labels = '', value] of page.matchAll(/^rest_client_requests_total\{([^}]*)\} (\d+)/gm)) {
    const { verb = '', kind = '' } = Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, text]) => [name, text]));
    if (verb !== 'watch') found.set(`${verb} ${kind}`, (found.get(`${verb} ${kind}`) ?? 0) + Number(value));
  }
  return found;
}

export async function requestsIn(registry: Registry): Promise<Requests> {
  return parseRequests(await registry.metrics());
}

/** What was sent between two counts. */
export function sentSince(before: Requests, after: Requests): Requests {
  return new Map([...after].map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const).filter(([, count]) => count > 0));
}

function sum(requests: Requests, counts: (verb: string, kind: string) => boolean): number {
  let total = 0;
  for (const [key, count] of requests) {
    const [verb = '', kind = ''] = key.split(' ');
    if (counts(verb, kind)) total += count;
  }
  return total;
}

export const totalOf = (requests: Requests): number => sum(requests, () => true);
export const writesOf = (requests: Requests): number => sum(requests, (verb) => WRITES.has(verb));
export const childWritesOf = (requests: Requests): number => sum(requests, (verb, kind) => WRITES.has(verb) && !NOT_CHILDREN.has(kind));
