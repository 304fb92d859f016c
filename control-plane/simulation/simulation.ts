import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Kind, kindOf, POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { connect, isNotFound, RefusedError } from '../api-client.ts';
import type { ControlPlane } from '../control-plane.ts';
import { workloadControllers } from '../flags.ts';
import { type GatewayOptions, gatewayRules } from './gateways.ts';
import { leaderWorkerSetPodsRule, podRule, type SimulatedPod } from './pods.ts';
import { deploymentRule, leaderWorkerSetRule } from './workloads.ts';
import type { Action, Rule, World } from './world.ts';

const RETRY_MS = 200;
/** How long a kind that is not served is left alone. */
const UNSERVED_RETRY_MS = 1_000;

export interface SimulationOptions {
  /** Milliseconds from a change to the reaction; above 0 replicas become ready one by one. 0 when left out. */
  readonly delayMs?: number;
  /**
   * With real Pods, which become Running and Ready and have an IP address: `addressOf` says which one, 10.244.0.1 and so on when left
   * out. Those of Deployments are made by the real controllers, which the control plane has to run (workloadControllers). Without
   * this, workloads are ready without any Pod.
   */
  readonly pods?: { readonly addressOf?: (pod: KubeObject) => string };
  readonly gateways?: Partial<GatewayOptions>;
  /** Objects to leave alone, for instance those whose status a test writes by hand. */
  readonly ignore?: (object: KubeObject) => boolean;
  readonly onError?: (error: unknown) => void;
}

export interface Simulation {
  stop(): Promise<void>;
}

type Surroundings = Pick<ControlPlane, 'identityFor' | 'controllers'>;

/**
 * Does, as administrator, what a bare control plane has nobody for: runs workloads and acts as gateway. It is a test double; the operator
 * cannot tell, and shares no code with it. Resolves when everything that exists has been seen.
 */
export async function startSimulation(controlPlane: Surroundings, options: SimulationOptions = {}): Promise<Simulation> {
  const client = connect(await controlPlane.identityFor({ name: 'simulation', groups: ['system:masters'] }));
  const rules = rulesOf(controlPlane, options);
  const watched = [...new Set(rules.flatMap((rule) => [rule.kind, ...rule.dependsOn]))];
  const objects = new Map(watched.map((kind) => [kind, new Map<string, KubeObject>()]));
  const world: World = { all: <T extends KubeObject>(kind: Kind) => [...(objects.get(kind)?.values() ?? [])] as T[] };
  const pending = new Map<string, NodeJS.Timeout>();
  const ending = new AbortController();
  const { delayMs = 0, ignore = () => false, onError = () => undefined } = options;

  function seen(kind: Kind, key: string, object: KubeObject | undefined): void {
    if (object) objects.get(kind)?.set(key, object);
    else objects.get(kind)?.delete(key);
    for (const rule of rules) {
      if (rule.kind === kind && object) schedule(rule, key, delayMs);
      if (rule.dependsOn.includes(kind)) for (const other of objects.get(rule.kind)?.keys() ?? []) schedule(rule, other, delayMs);
    }
  }

  function schedule(rule: Rule, key: string, inMs: number): void {
    const task = `${rule.kind.apiVersion} ${rule.kind.plural} ${key}`;
    if (ending.signal.aborted || pending.has(task)) return;
    const react = async () => {
      pending.delete(task);
      const object = objects.get(rule.kind)?.get(key);
      if (!object || ignore(object)) return;
      try {
        for (const action of rule.decide(object, world, new Date().toISOString().replace(/\.\d+/, ''))) await perform(action, object, rule.kind);
      } catch (error) {
        if (ending.signal.aborted) return;
        onError(error);
        schedule(rule, key, Math.max(delayMs, RETRY_MS));
      }
    };
    pending.set(
      task,
      setTimeout(() => void react(), inMs),
    );
  }

  async function perform(action: Action, object: KubeObject, kind: Kind): Promise<void> {
    const { namespace, name = '' } = object.metadata;
    if ('create' in action) await client.create(action.create).catch(unless('AlreadyExists'));
    else if ('remove' in action)
      await client.delete(kindOf(action.remove) ?? kind, action.remove.metadata.namespace, action.remove.metadata.name ?? '');
    else if (changes(object.status, action.status))
      await client.patch(kind, namespace, name, { status: action.status }, 'status').catch(unless('NotFound'));
  }

  async function follow(kind: Kind, listed: () => void): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        const list = await client.list(kind);
        replaceAll(kind, list.items);
        listed();
        for await (const { type, object } of client.watch(kind, list.metadata.resourceVersion, ending.signal)) {
          seen(kind, keyOf(object), type === 'DELETED' ? undefined : object);
        }
      } catch (error) {
        if (ending.signal.aborted) return;
        // A kind that is not served counts as seen; it may come later.
        if (isNotFound(error)) listed();
        else onError(error);
        await sleep(isNotFound(error) ? UNSERVED_RETRY_MS : RETRY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    }
  }

  function replaceAll(kind: Kind, items: readonly KubeObject[]): void {
    const present = new Map(items.map((object) => [keyOf(object), { ...object, apiVersion: kind.apiVersion, kind: kind.kind }]));
    for (const key of objects.get(kind)?.keys() ?? []) if (!present.has(key)) seen(kind, key, undefined);
    for (const [key, object] of present) seen(kind, key, object);
  }

  const followers: Promise<void>[] = [];
  await Promise.all(watched.map((kind) => new Promise<void>((listed) => followers.push(follow(kind, listed)))));
  return {
    async stop() {
      ending.abort();
      for (const timer of pending.values()) clearTimeout(timer);
      await client.close();
      await Promise.all(followers);
    },
  };
}

function rulesOf(controlPlane: Surroundings, options: SimulationOptions): Rule[] {
  const gateways = gatewayRules({ address: '192.0.2.10', poolGroups: [POOL_GROUP_V1, POOL_GROUP_V1ALPHA2], ...options.gateways });
  if (!options.pods) {
    const pace = options.delayMs ? 'one by one' : 'all at once';
    return [deploymentRule(pace), leaderWorkerSetRule(pace), ...gateways] as Rule[];
  }
  const absent = workloadControllers.filter((controller) => !controlPlane.controllers.includes(controller));
  if (absent.length > 0) throw new Error(`Deployments get no Pods: the control plane does not run ${absent.join(', ')}`);
  return [podRule(onlyOnce(options.pods.addressOf ?? countedAddress())), leaderWorkerSetPodsRule, ...gateways] as Rule[];
}

/** 10.244.0.1 to 10.244.255.254. */
function countedAddress(): () => string {
  let count = 0;
  return () => {
    count++;
    return `10.244.${Math.floor(count / 254) % 256}.${(count % 254) + 1}`;
  };
}

/** A Pod keeps its address although it may be looked at again before its status is seen. */
function onlyOnce(addressOf: (pod: SimulatedPod) => string): (pod: SimulatedPod) => string {
  const known = new Map<string, string>();
  return (pod) => {
    const uid = pod.metadata.uid ?? '';
    const address = known.get(uid) ?? addressOf(pod);
    known.set(uid, address);
    return address;
  };
}

const keyOf = ({ metadata: { namespace = '', name = '' } }: KubeObject): string => `${namespace}/${name}`;

/** Whether merging `wanted` would change something. A count of 0 is not stored, and a time that was not given is stored as null. */
function changes(status: unknown, wanted: Readonly<Record<string, unknown>>): boolean {
  const current = (status ?? {}) as Record<string, unknown>;
  return Object.entries(wanted).some(([field, value]) => !isDeepStrictEqual(withoutNulls(current[field]) ?? 0, value ?? 0));
}

function withoutNulls(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value), (_, child: unknown) => (child === null ? undefined : child));
}

const unless = (reason: string) => (error: unknown) => {
  if (!(error instanceof RefusedError && error.reason === reason)) throw error;
};
