import { type Simulation, startSimulation } from '../../control-plane/simulation/simulation.ts';
import { cluster, sharedWebhooks, stopCluster } from './cluster.ts';
import { installInto, prepareSite, type RunningOperator, type Site, startOperator } from './operator.ts';

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
    return { site, simulation: await startSimulation(controlPlane), operator: undefined };
  })();
  return shared;
}

/** Ends everything that the tests of a run share, as far as a test has started it. */
export async function stopShared(): Promise<void> {
  const running = await shared?.catch(() => undefined);
  shared = undefined;
  await running?.operator?.stop();
  await running?.simulation.stop();
  await stopCluster();
}
