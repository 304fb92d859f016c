import type { Answer, Question } from '../api/inquiry.ts';
import type { Kind } from '../api/kinds.ts';
import type { ConfigMap } from '../api/kubernetes.ts';
import type { Options } from '../api/options.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { type Distribution, plainKubernetes } from '../assess/distribution.ts';
import { answerFromCaches } from './cached-answers.ts';
import { BY_CONFIG, createCaches } from './caches.ts';
import { createConfigFinalizer } from './config/finalizer.ts';
import { type ConfigEnvironment, reconcileConfig, type StoredConfig } from './config/reconcile.ts';
import { templateProblem } from './config/template-problem.ts';
import { watchForConfigs } from './config/watches.ts';
import { createDependencies } from './dependencies.ts';
import { createDirectRead } from './direct-reads.ts';
import { textOf } from './runtime/api-error.ts';
import { createApplier } from './runtime/apply.ts';
import type { Client } from './runtime/client.ts';
import { createEventRecorder, type EventRecorder } from './runtime/events.ts';
import type { Log } from './runtime/log.ts';
import type { Part } from './runtime/manager.ts';
import type { Metrics } from './runtime/metrics.ts';
import { createQueue, type Queue } from './runtime/queue.ts';
import { createServedKinds } from './runtime/served-kinds.ts';
import { createServerVersion } from './runtime/server-version.ts';
import type { ServiceEnvironment } from './service/environment.ts';
import { createNews } from './service/news.ts';
import type { StoredService } from './service/pass.ts';
import { reconcileService } from './service/reconcile.ts';
import { createSpecValidator } from './service/validation.ts';
import { watchForServices } from './service/watches.ts';
import { createSettingsReader } from './settings.ts';
import { createWrittenObjects } from './written-objects.ts';

export interface OperatorOptions {
  readonly client: Client;
  readonly options: Options;
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Services that are reconciled at the same time. */
  readonly workers: number;
  /** What the cluster adds to the router; nothing when left out (R5.6). */
  readonly distribution?: Distribution;
  /** How long a watch may be silent before it is taken for dead, in milliseconds. */
  readonly silenceMs?: number;
}

/** The controllers of this process with everything they share, in parts for a manager to run. */
export interface Operator {
  /** Runs on every replica; webhooks read it too. */
  readonly caches: Part;
  /** Run by the leader only. */
  readonly controllers: readonly Part[];
  /** Resolves when the caches are filled. */
  synced(signal?: AbortSignal): Promise<void>;
  hasSynced(): boolean;
  /**
   * Whether the caches are filled but for those of our own two kinds (B35): to list these, the API server may need our conversion
   * webhook, and it reaches only replicas that are ready.
   */
  canServe(): boolean;
  /** Whether no pass runs or waits. */
  idle(): boolean;
  /** The operator's ConfigMap as it is now. */
  settings(): Promise<ConfigMap | undefined>;
  /** What the caches know, for those who may not wait for the API server; undefined until they are filled. */
  knowledge(): ((question: Question) => Answer) | undefined;
  /** The services that use a config, as far as the caches know. */
  servicesUsing(config: string): readonly LLMInferenceService[];
}

/** Writes of the operator are recorded under this name. */
export const FIELD_MANAGER = 'llmisvc-operator';
const CONFIG_WORKERS = 2;

const splitKey = (key: string): [string, string] => {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
};

export function createOperator({ client, options, log, metrics, workers, distribution = plainKubernetes, silenceMs }: OperatorOptions): Operator {
  const served = createServedKinds({ client, log });
  const onRestart = (kind: string, reason: string): void => metrics?.onWatchRestart(kind, reason);
  const caches = createCaches({ client, served, options, distribution, log, onRestart, silenceMs });
  const dependencies = createDependencies();
  const cacheLookup = ({ kind, namespace, name }: { kind: Kind; namespace?: string; name: string }) => caches.of(kind)?.lookup(namespace, name);
  const recorderFor = (component: string) => createEventRecorder({ client, component, log });
  const serviceEvents = recorderFor('LLMInferenceServiceController');
  const configEvents = recorderFor('LLMInferenceServiceConfigController');

  const writtenConfigs = createWrittenObjects<StoredConfig>();
  const findConfig = (namespace: string, name: string): StoredConfig | undefined => {
    const cached = caches.configs.get(namespace, name);
    return cached && writtenConfigs.newest(cached);
  };
  const configFinalizer = createConfigFinalizer(client, writtenConfigs.observe);

  const applier = createApplier({ client, cacheLookup, fieldManager: FIELD_MANAGER, keptKeys: options.keptAutoscalerKeys });
  const news = createNews((key) => serviceQueue.add(key), applier.knows);
  const onKey = metrics?.onSettingsKey;
  const settings = createSettingsReader({ client, caches, options, events: serviceEvents, log, onKey });

  const services: ServiceEnvironment = {
    client,
    options,
    distribution,
    caches,
    settings,
    served,
    read: createDirectRead(client, caches),
    applier,
    validator: createSpecValidator(client),
    events: serviceEvents,
    dependencies,
    news,
    written: createWrittenObjects<StoredService>(),
    async protectConfig({ namespace, name }) {
      const config = findConfig(namespace, name);
      if (config) await configFinalizer.add(config);
    },
    log,
    serverVersion: createServerVersion(client, log, Date.now),
    now: Date.now,
  };
  const configs: ConfigEnvironment = {
    client,
    options,
    events: configEvents,
    services: { list: (namespace) => caches.services.list(namespace), byConfigName: (name) => caches.services.byIndex(BY_CONFIG, name) },
    finalizer: configFinalizer,
    problemOf: (config) => templateProblem(config, settings, options),
    config: findConfig,
    observe: writtenConfigs.observe,
    now: Date.now,
  };

  const queueFor = (controller: string, count: number, process: (namespace: string, name: string) => ReturnType<typeof reconcileService>): Queue =>
    createQueue({
      process: (key) => process(...splitKey(key)),
      workers: count,
      onError: (key, error, retryInMs) => log.warn({ controller, object: key, retryInMs }, textOf(error)),
      ...(metrics ? { metrics: metrics.forQueue(controller, count) } : {}),
    });
  const serviceQueue = queueFor('llminferenceservice', workers, (namespace, name) => reconcileService(services, namespace, name));
  const configQueue = queueFor('llminferenceserviceconfig', CONFIG_WORKERS, async (namespace, name) => {
    await reconcileConfig(configs, namespace, name);
    return undefined;
  });

  watchForServices({ caches, dependencies, served, options, news, enqueue: (key) => serviceQueue.add(key) });
  watchForConfigs({
    caches,
    options,
    enqueue: (key, afterMs) => (afterMs === undefined ? configQueue.add(key) : configQueue.addAfter(key, afterMs)),
  });

  const controller = (name: string, queue: Queue, recorder: EventRecorder): Part => ({
    name,
    start: () => queue.start(),
    async stop(graceMs) {
      await queue.stop(graceMs);
      await recorder.flush();
    },
  });

  const hasSynced = (): boolean => caches.all.every((cache) => cache.hasSynced());
  const converted: readonly unknown[] = [caches.services, caches.configs];
  const respond = answerFromCaches({ caches, served });

  return {
    caches: {
      name: 'caches',
      start() {
        served.start();
        for (const cache of caches.all) cache.start();
      },
      async stop() {
        await Promise.all(caches.all.map((cache) => cache.stop()));
        await served.stop();
      },
    },
    controllers: [controller('llminferenceservice', serviceQueue, serviceEvents), controller('llminferenceserviceconfig', configQueue, configEvents)],
    async synced(signal) {
      await served.waitForSync(signal);
      await Promise.all(caches.all.map((cache) => cache.waitForSync(signal)));
    },
    hasSynced,
    canServe: () => caches.all.every((cache) => cache.hasSynced() || converted.includes(cache)),
    knowledge: () => (hasSynced() ? respond : undefined),
    servicesUsing: (config) => caches.services.byIndex(BY_CONFIG, config),
    idle: () => serviceQueue.idle && configQueue.idle,
    settings: settings.configMap,
  };
}
