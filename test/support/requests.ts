import { expect } from 'chai';
import { eventually } from './eventually.ts';
import type { RunningOperator } from './operator.ts';

const READS = new Set(['get', 'list', 'watch', 'discover']);

interface Sample {
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly value: number;
}

async function samples({ metrics }: RunningOperator, name: string): Promise<readonly Sample[]> {
  const found = await metrics.registry.getSingleMetric(name)?.get();
  return (found?.values ?? []) as readonly Sample[];
}

/** Requests an operator has sent to the API server, by `verb Kind`. */
export type Requests = Readonly<Record<string, number>>;

async function countRequests(operator: RunningOperator, accept: (labels: Sample['labels']) => boolean): Promise<Requests> {
  const counts: Record<string, number> = {};
  for (const { labels, value } of await samples(operator, 'rest_client_requests_total')) {
    const key = `${labels.verb} ${labels.kind}`;
    if (accept(labels)) counts[key] = (counts[key] ?? 0) + value;
  }
  return counts;
}

/** Requests that write, since the operator was started. Dry runs are among them: the operator creates services in no other way. */
export const writesOf = (operator: RunningOperator): Promise<Requests> => countRequests(operator, ({ verb }) => !READS.has(String(verb)));

/** Requests that read, but for the watches, which end and begin again by themselves. */
export const readsOf = (operator: RunningOperator): Promise<Requests> => countRequests(operator, ({ verb }) => verb === 'get' || verb === 'list');

/** Requests that the API server did not permit. */
export const forbiddenRequestsOf = (operator: RunningOperator): Promise<Requests> => countRequests(operator, ({ code }) => code === '403');

/** What was sent between two counts. */
export function since(before: Requests, after: Requests): Requests {
  const grown = Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count !== 0));
}

export type Controller = 'llminferenceservice' | 'llminferenceserviceconfig';

/** Passes over services, or over configs, that have ended. */
export async function passesOf(operator: RunningOperator, controller: Controller = 'llminferenceservice'): Promise<number> {
  const all = await samples(operator, 'controller_runtime_reconcile_total');
  return all.filter(({ labels }) => labels.controller === controller).reduce((sum, { value }) => sum + value, 0);
}

/** Does something and waits until the operator has passed over it and rests again. */
export async function untilPassed(operator: RunningOperator, act: () => Promise<unknown>): Promise<void> {
  const before = await passesOf(operator);
  await act();
  await eventually(async () => {
    expect(await passesOf(operator), 'passes').to.be.greaterThan(before);
    await rests(operator);
  });
}

/** Throws while a pass runs or waits. */
export async function rests(operator: RunningOperator): Promise<void> {
  for (const name of ['workqueue_depth', 'controller_runtime_active_workers']) {
    for (const { labels, value } of await samples(operator, name)) expect(value, `${name} ${JSON.stringify(labels)}`).to.equal(0);
  }
}
