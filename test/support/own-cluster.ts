import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { type SimulationOptions, startSimulation } from '../../control-plane/simulation/simulation.ts';
import { installInto, prepareSite, type RunningOperator, type Site, startOperator } from './operator.ts';
import type { Place } from './story.ts';
import { chooseWebhookAddress } from './webhook-address.ts';

/** A control plane with an operator of its own, and a namespace on it. */
export interface OwnCluster {
  readonly controlPlane: ControlPlane;
  readonly site: Site;
  readonly place: Place;
  /** To be replaced by tests that start another one; `stop` ends the one that is here. */
  operator: RunningOperator;
  stop(): Promise<void>;
}

export type OwnClusterOptions = Pick<ControlPlaneOptions, 'controllers' | 'apiServerFlags'> & {
  readonly simulation?: SimulationOptions;
  /** Starts the operator; without it, one with default settings. */
  readonly operate?: (site: Site) => Promise<RunningOperator>;
};

/** For tests that need other controllers or flags than those on the shared control plane. Everything is installed that services can use. */
export async function startOwnCluster(
  namespace: string,
  { simulation, operate = startOperator, ...options }: OwnClusterOptions,
): Promise<OwnCluster> {
  const webhooks = await chooseWebhookAddress();
  const definitions = [...(await readManifests(foreignDefinitions)), ...webhooks.manifests.definitions];
  const controlPlane = await startControlPlane({ ...options, definitions });
  try {
    const site = await prepareSite(controlPlane, webhooks);
    await installInto(site);
    const simulated = await startSimulation(controlPlane, simulation);
    const operator = await operate(site);
    const { admin } = controlPlane;
    await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const own: OwnCluster = {
      controlPlane,
      site,
      place: { admin, namespace },
      operator,
      async stop() {
        await own.operator.stop();
        await simulated.stop();
        await controlPlane.stop();
      },
    };
    return own;
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}
