import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { defaultOptions } from '../../api/options.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';
import { type Simulation, startSimulation } from '../../control-plane/simulation/simulation.ts';
import { cluster, namespace, sharedWebhooks, stopCluster } from './cluster.ts';
import { eventually } from './eventually.ts';
import { installInto, prepareSite, type RunningOperator, type Site, startOperator } from './operator.ts';
import type { Place } from './story.ts';

interface Shared {
  readonly site: Site;
  readonly simulation: Simulation;
  operator: RunningOperator | undefined;
  /** Whether the API server calls the webhooks. */
  admission: boolean;
}

let shared: Promise<Shared> | undefined;

/**
 * The operator that all tests on the shared control plane have in common, for the webhook configurations of a cluster lead to one place.
 * It runs under its own service account; workloads and routes become ready by themselves. The first call starts it, the root hooks stop it.
 */
export async function sharedOperator(): Promise<RunningOperator> {
  const current = await sharedSite();
  const operator = current.operator ?? (await startOperator(current.site));
  current.operator = operator;
  if (!current.admission) await switchAdmission(current, true);
  return operator;
}

/** Stops the shared operator for tests that serve webhooks and start operators themselves at its site. `sharedOperator` starts a new one. */
export async function siteWithoutOperator(): Promise<Site> {
  const current = await sharedSite();
  await stopOperator(current);
  if (!current.admission) await installWebhooks(current);
  return current.site;
}

/** For tests that want services left alone: there is no operator, and nobody is asked whether they are valid. */
export async function clusterWithoutOperator(): Promise<ControlPlane> {
  // Nothing was installed yet: then there is nothing to take away.
  if (!shared) return cluster();
  const current = await shared;
  await stopOperator(current);
  await switchAdmission(current, false);
  return current.site.controlPlane;
}

async function stopOperator(current: Shared): Promise<void> {
  await current.operator?.stop();
  current.operator = undefined;
}

async function installWebhooks(current: Shared): Promise<void> {
  const { controlPlane, webhooks } = current.site;
  for (const configuration of webhooks.manifests.webhooks) await controlPlane.admin.apply(configuration);
  current.admission = true;
}

/** The API server takes a moment to learn of webhooks, and says nothing when it does: a service that only they refuse tells. */
async function switchAdmission(current: Shared, on: boolean): Promise<void> {
  const { controlPlane, webhooks } = current.site;
  if (on) await installWebhooks(current);
  else {
    const { admin } = controlPlane;
    for (const { kind, metadata } of webhooks.manifests.webhooks) {
      const of = kind === kinds.mutatingWebhookConfiguration.kind ? kinds.mutatingWebhookConfiguration : kinds.validatingWebhookConfiguration;
      await admin.delete(of, undefined, metadata.name ?? '');
    }
    current.admission = false;
  }
  await eventually(async () => expect(await isChecked(controlPlane)).to.equal(on));
}

async function isChecked({ admin }: ControlPlane): Promise<boolean> {
  const { apiVersion, kind, plural } = kinds.service;
  const spec = { router: { scheduler: { replicas: 0 } } };
  try {
    await admin.request({
      method: 'POST',
      path: `/apis/${apiVersion}/namespaces/default/${plural}`,
      query: { dryRun: 'All' },
      body: { apiVersion, kind, metadata: { name: 'probe' }, spec },
    });
    return false;
  } catch (error) {
    return (error as Error).message.includes('scheduler replicas must be greater than zero');
  }
}

function sharedSite(): Promise<Shared> {
  shared ??= (async () => {
    const controlPlane = await cluster();
    const site = await prepareSite(controlPlane, await sharedWebhooks());
    await installInto(site);
    const simulation = await startSimulation(controlPlane, {
      ignore: ({ metadata: { namespace: where } }) => where !== undefined && !simulated.has(where),
    });
    return { site, simulation, operator: undefined, admission: false };
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
