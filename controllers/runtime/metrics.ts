import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { QueueMetrics } from './queue.ts';
import type { RequestReport } from './transport.ts';

/** The metrics of one operator process. Names are those of controller-runtime where it has one, so that its dashboards work. */
export interface Metrics {
  readonly registry: Registry;
  /** For `createClient`. */
  readonly onRequest: (report: RequestReport) => void;
  /** For `createInformer`. */
  readonly onWatchRestart: (kind: string, reason: string) => void;
  readonly onLeader: (leading: boolean) => void;
  /** How many objects of a kind the server refuses to move to their storage version (B37). */
  readonly onStorageMigrationRefused: (kind: string, count: number) => void;
  /** Whether a key of the operator's ConfigMap can be read (B38). */
  readonly onSettingsKey: (key: string, readable: boolean) => void;
  /** For the queue of a controller. */
  forQueue(controller: string, workers: number): QueueMetrics;
}

const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Creates the metrics in a registry of their own; nothing is global. */
export function createMetrics(options: { readonly process?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.process ?? true) collectDefaultMetrics({ register: registry });

  const byController = ['controller'] as const;
  const byName = ['name'] as const;
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Passes by controller and result',
    labelNames: ['controller', 'result'] as const,
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Passes that failed by controller',
    labelNames: byController,
    registers,
  });
  const seconds = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Duration of passes by controller',
    labelNames: byController,
    buckets: RECONCILE_BUCKETS,
    registers,
  });
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Workers that run a pass by controller',
    labelNames: byController,
    registers,
  });
  const most = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Workers by controller',
    labelNames: byController,
    registers,
  });
  const depth = new Gauge({ name: 'workqueue_depth', help: 'Keys that wait by queue', labelNames: byName, registers });
  const adds = new Counter({ name: 'workqueue_adds_total', help: 'Keys added by queue', labelNames: byName, registers });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Passes to be repeated after a failure by queue',
    labelNames: byName,
    registers,
  });
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by verb, kind and status code',
    labelNames: ['verb', 'kind', 'code'] as const,
    registers,
  });
  const latency = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Time to the headers of the answer by verb',
    labelNames: ['verb'] as const,
    registers,
  });
  const restarts = new Counter({
    name: 'llmisvc_watch_restarts_total',
    help: 'Watches that ended by kind and why',
    labelNames: ['kind', 'reason'] as const,
    registers,
  });
  const leader = new Gauge({ name: 'leader_election_master_status', help: '1 while this process leads', registers });

  const refused = new Gauge({
    name: 'llmisvc_storage_migration_refused_objects',
    help: 'Objects that the API server refuses to move to the storage version by kind',
    labelNames: ['kind'] as const,
    registers,
  });

  const unreadable = new Gauge({
    name: 'llmisvc_settings_unreadable',
    help: "1 for each key of the operator's ConfigMap that cannot be read",
    labelNames: ['key'] as const,
    registers,
  });

  return {
    registry,
    onRequest({ verb, kind, code, seconds: took }) {
      requests.inc({ verb, kind, code: String(code) });
      latency.observe({ verb }, took);
    },
    onWatchRestart: (kind, reason) => restarts.inc({ kind, reason }),
    onLeader: (leading) => leader.set(leading ? 1 : 0),
    onStorageMigrationRefused: (kind, count) => refused.set({ kind }, count),
    onSettingsKey: (key, readable) => unreadable.set({ key }, readable ? 0 : 1),
    forQueue(controller, workers) {
      const labels = { controller };
      const queue = { name: controller };
      most.set(labels, workers);
      active.set(labels, 0);
      depth.set(queue, 0);
      errors.inc(labels, 0);
      return {
        added: () => adds.inc(queue),
        depth: (length) => depth.set(queue, length),
        retried: () => retries.inc(queue),
        working: (count) => active.set(labels, count),
        passed(result, took) {
          total.inc({ controller, result });
          seconds.observe(labels, took);
          if (result === 'error') errors.inc(labels);
        },
      };
    },
  };
}
