import { setTimeout as delay } from 'node:timers/promises';
import { kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import { chooseFreePort } from '../control-plane/ports.ts';
import { startSimulation } from '../control-plane/simulation/simulation.ts';
import type { Client } from '../controllers/runtime/client.ts';
import { createLog } from '../controllers/runtime/log.ts';
import { terminationSignal } from '../controllers/runtime/manager.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from './embedded.ts';
import { readOptions } from './environment.ts';
import { applyObject } from './install.ts';
import { readManifests } from './manifest-files.ts';
import { runOperator } from './run.ts';
import { printTree, readTree } from './tree.ts';

const NAMESPACE = 'demo';
/** So that a person can follow what happens. */
const SIMULATED_DELAY_MS = 700;
const PATIENCE_MS = 60_000;

/** Exit code of a command that was ended by Ctrl-C. */
const INTERRUPTED = 130;

type Tell = (line: string) => void;

/** `llmisvc demo`: a service comes up on a control plane of its own, told as it happens. */
export async function demo(options: { keep?: boolean; filename: string[] }): Promise<void> {
  const begun = performance.now();
  const tell: Tell = (line) => console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(5)}s  ${line}`);
  const objects = readManifests(options.filename).map(({ object }) => ({
    ...object,
    metadata: { ...object.metadata, namespace: object.metadata.namespace ?? NAMESPACE },
  }));
  tell('starting a control plane: etcd, kube-apiserver, kube-controller-manager');
  const cluster = await startEmbeddedCluster({ webhookPort: await chooseFreePort(), tell });
  // Until here Ctrl-C simply ends this process, and the control plane with it.
  const signal = terminationSignal();
  try {
    await withOperator(cluster, signal, async () => {
      tell('operator is running: webhooks and controllers');
      const simulation = await startSimulation(cluster.controlPlane, { delayMs: SIMULATED_DELAY_MS });
      tell('playing kubelet and gateway: what the operator creates becomes ready after a moment');
      try {
        await tellStory(cluster.client, objects, tell, signal);
        if (signal.aborted) process.exitCode = INTERRUPTED;
        else if (options.keep) await keepRunning(cluster, signal);
      } finally {
        await simulation.stop();
      }
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = INTERRUPTED;
  } finally {
    await cluster.stop();
  }
}

/** Runs an operator for as long as `use` takes. */
async function withOperator(cluster: EmbeddedCluster, signal: AbortSignal, use: () => Promise<void>): Promise<void> {
  const operator = await startOperator(cluster, 'kserve', signal);
  try {
    signal.throwIfAborted();
    await use();
  } finally {
    await operator.stop();
  }
}

async function startOperator(cluster: EmbeddedCluster, systemNamespace: string, signal: AbortSignal): Promise<{ stop(): Promise<void> }> {
  const abort = new AbortController();
  signal.addEventListener('abort', () => abort.abort(), { once: true });
  const flags = {
    systemNamespace,
    workers: 4,
    webhookHost: '127.0.0.1',
    webhookPort: cluster.webhookPort,
    webhookCertDir: cluster.certificateDirectory,
    leaderElect: false,
    healthProbeAddr: '0',
    metricsAddr: '0',
    logLevel: 'warn',
  } as const;
  const log = createLog({ level: flags.logLevel });
  let ended: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const run = { access: cluster.access, options: readOptions(process.env, { systemNamespace }), flags, log, onRunning: resolve };
    ended = runOperator(run, abort.signal).then(() => resolve(), reject);
  });
  return {
    async stop() {
      abort.abort();
      await ended;
    },
  };
}

/** Applies the objects and tells what becomes of the services among them, until all are ready. */
async function tellStory(client: Client, objects: readonly KubeObject[], tell: Tell, signal: AbortSignal): Promise<void> {
  const namespaces = new Set([NAMESPACE, ...objects.flatMap(({ metadata }) => metadata.namespace ?? [])]);
  for (const name of namespaces) await applyObject(client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const stop = new AbortController();
  const following = Promise.all([followEvents(client, tell, stop.signal), followConditions(client, tell, stop.signal)]);
  for (const object of objects) {
    await applyObject(client, object);
    tell(`applied ${object.kind} ${object.metadata.namespace}/${object.metadata.name}`);
  }
  const services = objects.filter(({ kind }) => kind === kinds.service.kind);
  const ready = await untilReady(client, services, signal);
  stop.abort();
  await following;
  for (const { metadata } of services) {
    const tree = await readTree(client, metadata.namespace ?? NAMESPACE, metadata.name ?? '');
    if (tree) console.log(`\n${printTree(tree)}`);
  }
  if (!ready && !signal.aborted) throw new Error(`not ready after ${PATIENCE_MS / 1000} s; the conditions above say why`);
}

async function untilReady(client: Client, services: readonly KubeObject[], signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!signal.aborted && performance.now() < deadline) {
    const found = await Promise.all(services.map(({ metadata }) => client.get(kinds.service, metadata.namespace, metadata.name ?? '')));
    const isReady = (service: KubeObject | undefined): boolean =>
      ((service?.status as { conditions?: Condition[] } | undefined)?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True');
    if (found.every(isReady)) return true;
    await delay(200, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** Tells the events of the demo's namespace. */
async function followEvents(client: Client, tell: Tell, signal: AbortSignal): Promise<void> {
  await follow(client.watch(kinds.event, { namespace: NAMESPACE, signal }), ({ type, object }) => {
    if (type !== 'ADDED') return;
    for (const line of String(object.message).split('; ')) tell(`  ${line}`);
  });
}

/** Tells conditions of services when they change. */
async function followConditions(client: Client, tell: Tell, signal: AbortSignal): Promise<void> {
  const known = new Map<string, string>();
  await follow(client.watch(kinds.service, { namespace: NAMESPACE, signal }), ({ object }) => {
    for (const { type, status, reason } of (object.status as { conditions?: Condition[] } | undefined)?.conditions ?? []) {
      const key = `${object.metadata.name} ${type}`;
      const now = `${status}${reason ? ` (${reason})` : ''}`;
      if (known.get(key) === now) continue;
      known.set(key, now);
      if (status !== 'Unknown') tell(`  ${status === 'True' ? '✓' : '…'} ${type} ${now}`);
    }
  });
}

async function follow<E>(events: AsyncIterable<E>, on: (event: E) => void): Promise<void> {
  try {
    for await (const event of events) on(event);
  } catch {
    // The watch ends with the demo.
  }
}

async function keepRunning({ controlPlane }: EmbeddedCluster, signal: AbortSignal): Promise<void> {
  console.log(`
Everything stays up until Ctrl-C. In another terminal:
  export KUBECONFIG=${controlPlane.adminKubeconfig.path}
  kubectl get llmisvc -A
  kubectl describe llmisvc -n ${NAMESPACE}`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
