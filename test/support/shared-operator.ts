import { defaultOptions } from '../../api/options.ts';
import { type Simulation, startSimulation } from '../../control-plane/simulation/simulation.ts';
import { cluster, namespace, sharedWebhooks, stopCluster } from './cluster.ts';
import { installInto, prepareSite, type RunningOperator, type Site, startOperator } from './operator.ts';
import type { Place } from './story.ts';

interface Shared {
  readonly site: Site;
  readonly simulation: Simulation;
  operator: RunningOperator | undefined;
}

let shared: Promise<Shared> | undefined;

/**
 * The operator that all tests on the shared control plane have in common, for the webhook configurations of a cluster lead to one place.
 * It runs under its own service account; workloads and routes become ready by themselves. The first call starts it, the root hooks stop it.
 */
export async function sharedOperator(): Promise<RunningOperator> {
  const current = await sharedSite();
  current.operator ??= await startOperator(current.site);
  return current.operator;
}

/** Stops the shared operator for tests that start operators themselves at its site. Afterwards `sharedOperator` starts a new one. */
export async function siteWithoutOperator(): Promise<Site> {
  const current = await sharedSite();
  await current.operator?.stop();
  current.operator = undefined;
  return current.site;
}

function sharedSite(): Promise<Shared> {
  shared ??= (async () => {
    const controlPlane = await cluster();
    const site = await prepareSite(controlPlane, await sharedWebhooks());
    await installInto(site);
    const simulation = await startSimulation(controlPlane, {
      ignore: ({ metadata: { namespace: where } }) => where !== undefined && !simulated.has(where),
    });
    return { site, simulation, operator: undefined };
  })();
  return shared;
}

/** Namespaces in which workloads and routes become ready. */
const simulated = new Set([defaultOptions.systemNamespace]);

/** A new namespace on the shared control plane in which what the operator creates becomes ready. The operator is asked for separately. */
export async function openPlace(prefix: string): Promise<Place> {
  const { admin } = await cluster();
  const name = await namespace(prefix);
  simulated.add(name);
  return { admin, namespace: name };
}

/** Ends everything that the tests of a run share, as far as a test has started it. */
export async function stopShared(): Promise<void> {
  const running = await shared?.catch(() => undefined);
  shared = undefined;
  await running?.operator?.stop();
  await running?.simulation.stop();
  await stopCluster();
}
