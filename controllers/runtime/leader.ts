import { setTimeout as delay } from 'node:timers/promises';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isAlreadyExists, isConflict, textOf } from './api-error.ts';
import type { Client } from './client.ts';
import type { Log } from './log.ts';

export interface ElectionTimes {
  /** How long others wait for a silent leader before they take over. */
  readonly leaseMs?: number;
  /** How long a leader tries to renew before it steps down. One attempt may take half of it. */
  readonly renewMs?: number;
  /** Time between two attempts. */
  readonly retryMs?: number;
}

export interface ElectionOptions extends ElectionTimes {
  readonly client: Client;
  readonly namespace: string;
  /** Name of the Lease (R1.94). */
  readonly name: string;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly log?: Log;
}

export interface Election {
  /** Resolves when this process leads; rejects when the signal is aborted first. */
  acquire(signal?: AbortSignal): Promise<void>;
  /** Resolves when leadership that was acquired is lost without being released. The process must stop its work at once. */
  readonly lost: Promise<void>;
  isLeader(): boolean;
  /** Gives the Lease back, so that another candidate need not wait for it to run out. */
  release(): Promise<void>;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/**
 * Leader election by a Lease: 15 s, renewed within 10 s, tried every 2 s (R1.94). A leader counts from when it sent the request that got or
 * renewed the Lease, so a server that answers late, or not at all, cannot make it lead longer than the others believe.
 */
export function createElection(options: ElectionOptions): Election {
  const { client, namespace, name, identity, leaseMs = 15_000, renewMs = 10_000, retryMs = 2_000, log } = options;
  // Of a server, or a connection, that does not answer there is time to try another (as controller-runtime does).
  const attemptMs = renewMs / 2;
  const abort = new AbortController();
  /** The Lease as last seen, and when its content last changed by our own clock: clocks of machines differ. */
  let seen: { readonly lease: KubeObject; readonly spec: string; readonly at: number } | undefined;
  let leading = false;
  let renewing: Promise<void> = Promise.resolve();
  let declareLost: () => void = () => undefined;
  const lost = new Promise<void>((resolve) => {
    declareLost = resolve;
  });

  function note(lease: KubeObject): void {
    const spec = JSON.stringify(lease.spec);
    seen = seen?.spec === spec ? { ...seen, lease } : { lease, spec, at: performance.now() };
  }

  function claim(old: LeaseSpec | undefined): LeaseSpec {
    const time = microTime(new Date());
    const taken = old?.holderIdentity !== identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(leaseMs / 1000)),
      acquireTime: taken ? time : (old?.acquireTime ?? time),
      renewTime: time,
      leaseTransitions: (old?.leaseTransitions ?? 0) + (taken && old ? 1 : 0),
    };
  }

  /** One attempt to get or keep the Lease. Throws when the API server cannot be reached. */
  async function attempt(isRenewal: boolean, signal: AbortSignal): Promise<boolean> {
    try {
      const lease = await client.get(kinds.lease, namespace, name, { signal });
      if (!lease) {
        const created = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name }, spec: claim(undefined) };
        note(await client.create(created, { signal }));
        return true;
      }
      note(lease);
      const spec = lease.spec as LeaseSpec;
      const isOurs = spec.holderIdentity === identity;
      const isFree = !spec.holderIdentity || performance.now() - (seen?.at ?? 0) >= leaseMs;
      // A leader that finds another name has been deposed, even if that one has gone since.
      if (!isOurs && (isRenewal || !isFree)) return false;
      note(await client.update({ ...lease, spec: claim(spec) }, { signal }));
      return true;
    } catch (error) {
      // Another candidate was faster.
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
  }

  /** An attempt that ends after `ms`: one that is given up must not write the Lease later, when somebody else may lead. */
  function attemptFor(ms: number, isRenewal: boolean): Promise<boolean> {
    return attempt(isRenewal, AbortSignal.timeout(Math.round(ms)));
  }

  /** @param acquired when the attempt began that got the Lease */
  async function renew(acquired: number): Promise<void> {
    let renewed = acquired;
    const left = (): number => renewed + renewMs - performance.now();
    while (!abort.signal.aborted) {
      await delay(Math.min(retryMs, Math.max(0, left())), undefined, { signal: abort.signal }).catch(() => undefined);
      if (abort.signal.aborted) return;
      const begun = performance.now();
      const held = await attemptFor(Math.min(attemptMs, Math.max(0, left())), true).catch((error: unknown) => {
        log?.warn({ err: textOf(error), lease: name }, 'lease not renewed');
        return undefined;
      });
      if (held) renewed = begun;
      const taken = held === false && (seen?.lease.spec as LeaseSpec | undefined)?.holderIdentity !== identity;
      if (abort.signal.aborted) return;
      if (taken || left() <= 0) {
        leading = false;
        log?.error({ lease: name }, 'leadership lost');
        declareLost();
        return;
      }
    }
  }

  return {
    lost,
    isLeader: () => leading,
    async acquire(signal) {
      let begun = performance.now();
      while (!leading) {
        signal?.throwIfAborted();
        begun = performance.now();
        leading = await attemptFor(attemptMs, false).catch((error: unknown) => {
          log?.warn({ err: textOf(error), lease: name }, 'lease not acquired');
          return false;
        });
        // A little spread, so that candidates do not meet every time.
        if (!leading) await delay(retryMs * (1 + Math.random() / 5), undefined, signal === undefined ? {} : { signal });
      }
      log?.info({ lease: name, identity }, 'leading');
      renewing = renew(begun);
    },
    async release() {
      abort.abort();
      await renewing;
      if (!leading || !seen) return;
      leading = false;
      const spec = seen.lease.spec as LeaseSpec;
      const released = { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(new Date()) };
      await client.update({ ...seen.lease, spec: released }, { signal: AbortSignal.timeout(attemptMs) }).catch((error: unknown) => {
        log?.warn({ err: textOf(error), lease: name }, 'lease not released');
      });
    },
  };
}

const microTime = (date: Date): string => date.toISOString().replace('Z', '000Z');
