/**
 * How long, and at what cost, the operator brings many new services to rest; beside it the floor, a program that writes the very
 * same objects and nothing else: `npm run bench:converge -- --services 100 --workers 4 --rounds 3 [--profile DIRECTORY]`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { type Cluster, startCluster } from './cluster.ts';
import type { Order, Orders } from './floor.ts';
import { childrenByService, type Observer, type StoredService, startObserver } from './observer.ts';
import { startOperator } from './operator-process.ts';
import { childWritesOf, type Requests, sentSince, totalOf, writesOf } from './requests.ts';
import { createNamespaces, createServices } from './services.ts';
import { usageOf } from './usage.ts';

interface Flags {
  readonly services: number;
  readonly workers: number;
  readonly nodeFlags: readonly string[];
}

/** What one program needed for all services. */
interface Result {
  /** From the first creation of a service to the last change of anything. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly requests: Requests;
  /** Children of all services. */
  readonly children: number;
}

interface Round {
  readonly operator: Result;
  readonly floor: Result;
}

const OPERATOR = 'bench-operator';
const FLOOR = 'bench-floor';

async function runRound(flags: Flags): Promise<Round> {
  const cluster = await startCluster();
  const observer = await startObserver(cluster.client);
  try {
    const { result, children } = await runOperator(cluster, observer, flags);
    await cluster.removeWebhooks();
    return { operator: result, floor: await runFloor(cluster, observer, flags, children) };
  } finally {
    await observer.stop();
    await cluster.stop();
  }
}

type Children = ReadonlyMap<StoredService, readonly KubeObject[]>;

async function runOperator(cluster: Cluster, observer: Observer, flags: Flags): Promise<{ result: Result; children: Children }> {
  await createNamespaces(cluster.client, OPERATOR);
  const operator = await startOperator(cluster, flags);
  try {
    const [before, idle] = [await operator.requests(), await usageOf(operator.pid)];
    const started = performance.now();
    await createServices(cluster.client, OPERATOR, flags.services);
    await observer.untilObserved(OPERATOR, flags.services);
    await operator.untilQuiet();
    const [after, busy] = [await operator.requests(), await usageOf(operator.pid)];
    const children = await childrenByService(cluster.client, observer.services(OPERATOR));
    const counts = new Set([...children.values()].map((list) => list.length));
    if (counts.size !== 1) throw new Error(`services differ in their number of children: ${[...counts].join(', ')}`);
    const result: Result = {
      seconds: (observer.lastChange() - started) / 1000,
      cpuSeconds: busy.cpuSeconds - idle.cpuSeconds,
      peakMiB: busy.peakMiB,
      requests: sentSince(before, after),
      children: (children.values().next().value?.length ?? 0) * flags.services,
    };
    return { result, children };
  } finally {
    await operator.stop();
  }
}

async function runFloor(cluster: Cluster, observer: Observer, { workers, services }: Flags, children: Children): Promise<Result> {
  await createNamespaces(cluster.client, FLOOR);
  const program = fork(join(import.meta.dirname, 'floor.ts'));
  try {
    const orders: Orders = { kubeconfig: cluster.operatorKubeconfig, workers, from: OPERATOR, to: FLOOR, orders: [...children].map(orderOf) };
    program.send(orders);
    await messageOf(program);
    const idle = await usageOf(program.pid ?? 0);
    const finished = messageOf<{ requests: [string, number][] }>(program);
    const started = performance.now();
    await createServices(cluster.client, FLOOR, services);
    const { requests } = await finished;
    const busy = await usageOf(program.pid ?? 0);
    await observer.untilObserved(FLOOR, services);
    return {
      seconds: (observer.lastChange() - started) / 1000,
      cpuSeconds: busy.cpuSeconds - idle.cpuSeconds,
      peakMiB: busy.peakMiB,
      requests: new Map(requests),
      children: [...children.values()].flat().length,
    };
  } finally {
    if (program.kill()) await once(program, 'exit');
  }
}

async function messageOf<T>(program: ChildProcess): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  try {
    return await Promise.race([
      once(program, 'message', { signal }).then(([message]) => message as T),
      once(program, 'exit', { signal }).then(() => Promise.reject(new Error('the floor ended before its work was done'))),
    ]);
  } finally {
    over.abort();
  }
}

function orderOf([service, children]: [StoredService, readonly KubeObject[]]): [string, Order] {
  const { namespace = '', name, uid = '' } = service.metadata;
  return [`${namespace.replace(OPERATOR, FLOOR)}/${name}`, { uid, children: children.map(asWritten), status: service.status }];
}

/** A child as somebody would write it: without what the server adds. */
function asWritten(child: KubeObject): KubeObject {
  const { status: _, ...object } = child;
  const { name, namespace, labels, annotations, ownerReferences } = child.metadata;
  const kept = { name, namespace, labels, annotations, ownerReferences };
  const metadata = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  if (object.kind !== kinds.coreService.kind) return { ...object, metadata };
  const { clusterIP: _ip, clusterIPs: _ips, ...spec } = object.spec as Record<string, unknown>;
  return { ...object, metadata, spec };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function printTable(rounds: readonly Round[], { services, workers }: Flags): void {
  const row = (name: string, digits: number, read: (result: Result) => number): void => {
    const [operator, floor] = [median(rounds.map((round) => read(round.operator))), median(rounds.map((round) => read(round.floor)))];
    const cells = [operator.toFixed(digits), floor.toFixed(digits), (operator / floor).toFixed(2)];
    console.log(`${name.padEnd(34)}${cells.map((cell) => cell.padStart(10)).join('')}`);
  };
  const [cpu] = cpus();
  console.log(
    `${cpu?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`,
  );
  console.log(`${services} services, ${workers} workers, median of ${rounds.length}\n`);
  console.log(`${''.padEnd(34)}${['operator', 'floor', 'ratio'].map((title) => title.padStart(10)).join('')}`);
  row('time to convergence (s)', 2, ({ seconds }) => seconds);
  row('CPU time (s)', 2, ({ cpuSeconds }) => cpuSeconds);
  row('peak memory (MiB)', 0, ({ peakMiB }) => peakMiB);
  row('requests per service', 2, ({ requests }) => totalOf(requests) / services);
  row('write requests per service', 2, ({ requests }) => writesOf(requests) / services);
  row('writes of children per child', 2, ({ requests, children }) => childWritesOf(requests) / children);
  row('all writes per child', 2, ({ requests, children }) => writesOf(requests) / children);
  printRequests(rounds, services);
}

function printRequests(rounds: readonly Round[], services: number): void {
  console.log('\nrequests per service');
  const keys = new Set(rounds.flatMap(({ operator, floor }) => [...operator.requests.keys(), ...floor.requests.keys()]));
  for (const key of [...keys].sort()) {
    const per = (requests: (round: Round) => Requests) => (median(rounds.map((round) => requests(round).get(key) ?? 0)) / services).toFixed(2);
    console.log(`${`  ${key}`.padEnd(34)}${per(({ operator }) => operator.requests).padStart(10)}${per(({ floor }) => floor.requests).padStart(10)}`);
  }
}

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '100' },
    workers: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    profile: { type: 'string' },
  },
});
const flags: Flags = {
  services: Number(values.services),
  workers: Number(values.workers),
  nodeFlags: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
};
const rounds: Round[] = [];
for (let i = 0; i < Number(values.rounds); i += 1) rounds.push(await runRound(flags));
printTable(rounds, flags);
