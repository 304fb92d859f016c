import { conditionTypes as c, configDependents, openConditions } from '../../api/conditions.ts';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { Options } from '../../api/options.ts';
import type { Rejection } from '../../api/rejection.ts';
import type { LLMInferenceServiceConfig, LLMInferenceServiceConfigStatus } from '../../api/types.ts';
import type { Client } from '../runtime/client.ts';
import type { EventRecorder } from '../runtime/events.ts';
import { timestamp } from '../service/pass.ts';
import { publishStatus } from '../status-publisher.ts';
import type { ConfigFinalizer } from './finalizer.ts';
import { referencingServices, type ServiceLookup, type ServiceReference } from './references.ts';

export type StoredConfig = LLMInferenceServiceConfig & KubeObject & { metadata: { name: string; namespace: string; uid: string } };

export interface ConfigEnvironment {
  readonly client: Client;
  readonly options: Options;
  readonly events: EventRecorder;
  readonly services: ServiceLookup;
  readonly finalizer: ConfigFinalizer;
  /** Why a config cannot be rendered with the settings of now; undefined when it can, or when nobody can tell. */
  problemOf(config: StoredConfig): Promise<Rejection | undefined>;
  config(namespace: string, name: string): StoredConfig | undefined;
  /** Hands an object that was just written to the cache, so that the next pass sees it. */
  observe(config: StoredConfig): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A preset may be used by every service of a large cluster; the status names this many and counts them all (B32). */
const LISTED_REFERENCES = 500;

/** One pass over a config: finalizer, who uses it, deletion protection (R2.111 - R2.113). */
export async function reconcileConfig(environment: ConfigEnvironment, namespace: string, name: string): Promise<void> {
  const config = environment.config(namespace, name);
  if (!config) return;
  const { finalizer } = environment;
  const deleting = config.metadata.deletionTimestamp !== undefined;
  if (!finalizer.isOn(config)) {
    await finalizer.add(config);
    return;
  }
  const users = referencingServices(config, environment.services, environment.options);
  if (deleting && users.length === 0) await finalizer.remove(config);
  else await report(environment, config, users, deleting);
}

async function report(environment: ConfigEnvironment, config: StoredConfig, users: readonly ServiceReference[], deleting: boolean): Promise<void> {
  const { client, events, observe } = environment;
  const { name, namespace, generation } = config.metadata;
  const conditions = openConditions(config.status?.conditions, {
    dependents: configDependents,
    now: timestamp(environment.now()),
    generationObserved: deleting || config.status?.observedGeneration === generation,
  });
  const blockedBefore = conditions.get(c.configInUse)?.reason === 'DeletionBlocked';
  const message = `referenced by ${users.length} LLMInferenceService(s)`;
  if (users.length > 0) conditions.markTrue(c.configInUse, deleting ? 'DeletionBlocked' : 'InUse', message);
  else conditions.markFalse(c.configInUse, 'NotInUse', 'not referenced by any LLMInferenceService');
  const problem = await environment.problemOf(config);
  if (problem) conditions.markFalse(c.ready, 'InvalidTemplate', problem.message);
  else conditions.markTrue(c.ready);
  const { referencedBy: _, ...rest } = config.status ?? {};
  const status: LLMInferenceServiceConfigStatus = {
    ...rest,
    // A deletion raises the generation, but there is nothing to observe in it (R1.86).
    ...(deleting || generation === undefined ? {} : { observedGeneration: generation }),
    conditions: conditions.list(),
    ...(users.length > 0 ? { referencedBy: users.slice(0, LISTED_REFERENCES) } : {}),
  };
  const written = await publishStatus(client, kinds.config, config, status);
  if (written) observe(written);
  if (deleting && !blockedBefore) {
    const text = `Cannot delete LLMInferenceServiceConfig ${namespace}/${name}: ${message}`;
    events.record(config, [{ type: 'Warning', reason: 'DeletionBlocked', message: text }]);
  }
}
