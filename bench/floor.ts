/**
 * The least a program can do: for every service that appears it writes the children it is told, with as many services at the same
 * time as the operator, one finalizer and one status. It compares nothing, watches one kind and decides nothing. Started by
 * `bench/converge.ts`, which sends what to write and gets the number of requests back.
 */
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { finalizers } from '../api/metadata.ts';
import { loadAccess } from '../controllers/runtime/access.ts';
import { createClient } from '../controllers/runtime/client.ts';
import { createMetrics } from '../controllers/runtime/metrics.ts';
import { createQueue } from '../controllers/runtime/queue.ts';
import { requestsIn } from './requests.ts';

/** What to write for one service. */
export interface Order {
  /** The service the children were taken from. */
  readonly uid: string;
  readonly children: readonly KubeObject[];
  readonly status: unknown;
}

export interface Orders {
  readonly kubeconfig: string;
  readonly workers: number;
  /** Namespaces the services were in, and what replaces this part of their names. */
  readonly from: string;
  readonly to: string;
  /** By `namespace/name` of the service to write for. */
  readonly orders: readonly (readonly [string, Order])[];
}

async function carryOut({ kubeconfig, workers, from, to, orders }: Orders): Promise<void> {
  const metrics = createMetrics({ process: false });
  const client = createClient(await loadAccess({ kubeconfig, environment: {} }), { version: 'floor', onRequest: metrics.onRequest });
  const open = new Map(orders);
  const services = new Map<string, KubeObject>();
  const end = Promise.withResolvers<void>();
  const queue = createQueue({
    workers,
    async process(key) {
      const [service, order] = [services.get(key), open.get(key)];
      if (!service || !order) return undefined;
      const { namespace, name = '', uid = '' } = service.metadata;
      await client.patch(kinds.service, namespace, name, { metadata: { finalizers: [finalizers.service] } });
      const text = JSON.stringify(order.children).replaceAll(order.uid, uid).replaceAll(`${from}-`, `${to}-`);
      // The API server refuses a binding whose Role it does not know.
      const { bindings = [], others = [] } = Object.groupBy(JSON.parse(text) as KubeObject[], ({ kind }) =>
        kind === kinds.roleBinding.kind ? 'bindings' : 'others',
      );
      for (const wave of [others, bindings]) await Promise.all(wave.map((child) => client.create(child)));
      await client.patch(kinds.service, namespace, name, { status: order.status }, { subresource: 'status' });
      open.delete(key);
      if (open.size === 0) end.resolve();
      return undefined;
    },
    onError: (_, error) => end.reject(error),
  });
  queue.start();
  const abort = new AbortController();
  void follow();
  process.send?.('ready');
  await end.promise;
  abort.abort();
  process.send?.({ requests: [...(await requestsIn(metrics.registry))] });

  async function follow(): Promise<void> {
    try {
      for await (const { type, object } of client.watch(kinds.service, { signal: abort.signal })) {
        const key = `${object.metadata.namespace}/${object.metadata.name}`;
        if (type !== 'ADDED' || !open.has(key)) continue;
        services.set(key, object);
        queue.add(key);
      }
    } catch (error) {
      if (!abort.signal.aborted) end.reject(error);
    }
  }
}

if (import.meta.main) process.once('message', (orders: Orders) => carryOut(orders));
