import type { Inquiry } from '../api/inquiry.ts';
import type { Options } from '../api/options.ts';
import { isStopped } from '../api/predicates.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import { type Assembled, assemble } from '../assemble/assemble.ts';
import type { Settings } from '../assemble/settings.ts';
import type { Context, Stage } from '../render/children.ts';
import { renderScheduler } from '../render/scheduler/scheduler.ts';
import { renderWorkloads } from '../render/workload.ts';
import { routeService } from './router.ts';

/** What a service comes to in one look, without anything being written in between. */
export interface Plan {
  readonly assembled: Assembled;
  /** In the order in which they are applied; those that cannot be rendered carry a rejection. */
  readonly stages: readonly Stage[];
  /** Why there is no route: references that lead nowhere, or a route that cannot be rendered. */
  readonly rejection?: Rejection;
}

/**
 * Assembles a service and renders everything it wants. For the command line, which tells what would become of it.
 *
 * @param service with its defaults (`applyDefaults`)
 * @returns a rejection when there is no effective spec to render
 */
export function* planService(service: Context['service'], settings: Settings, options: Options): Inquiry<Plan | Rejection> {
  const assembled = yield* assemble(service, settings, options);
  if (isRejection(assembled)) return assembled;
  const { spec, adapters } = assembled;
  const context: Context = { service, spec, adapters, settings, options, now: 0, stopped: isStopped(service.metadata) };
  const { stage, rejection } = yield* routeService(context);
  const workloads = yield* renderWorkloads(context);
  const scheduler = yield* renderScheduler(context);
  const stages = [...workloads, ...scheduler, ...(stage ? [stage] : [])];
  return { assembled, stages, ...(rejection ? { rejection } : {}) };
}
