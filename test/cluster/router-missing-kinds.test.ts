import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { readManifests as readExamples } from '../../cli/manifest-files.ts';
import { packagePath } from '../../cli/package-files.ts';
import { findBinaries } from '../../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { type Simulation, startSimulation } from '../../control-plane/simulation/simulation.ts';
import { log } from '../support/cluster.ts';
import { service } from '../support/manifests.ts';
import { installWithoutGateway, prepareSite, type RunningOperator, startOperator } from '../support/operator.ts';
import { condition, given, hasNoCondition, isReady, type Place } from '../support/story.ts';
import { chooseWebhookAddress } from '../support/webhook-address.ts';

const NAMESPACE = 'bare';

describe('a cluster without Gateway API and InferencePools (R5.7)', function () {
  this.timeout(120_000);

  let controlPlane: ControlPlane;
  let operator: RunningOperator;
  let simulation: Simulation;
  let place: Place;

  before(async () => {
    const [binaries, webhooks] = await Promise.all([findBinaries({ log }), chooseWebhookAddress()]);
    controlPlane = await startControlPlane({ binaries, definitions: webhooks.manifests.definitions });
    const site = await prepareSite(controlPlane, webhooks);
    await installWithoutGateway(site);
    simulation = await startSimulation(controlPlane);
    operator = await startOperator(site);
    place = { admin: controlPlane.admin, namespace: NAMESPACE };
    await place.admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  });
  after(async () => {
    await operator?.stop();
    await simulation?.stop();
    await controlPlane?.stop();
  });

  it('serves what asks for neither, and the rest as soon as they are installed (B5.25)', async () => {
    const { router: _, ...bare } = service('plain').object.spec as Record<string, unknown>;
    const plain = await given(place, { ...service('plain').object, spec: bare });
    await plain.reaches(isReady, condition('RouterReady', 'True'), hasNoCondition('HTTPRoutesReady'));

    const routed = await given(place, service('routed'));
    const message = 'Managed HTTPRoute references non-existent Gateway kserve/kserve-ingress-gateway';
    await routed.reaches(condition('HTTPRoutesReady', 'False', 'RefsInvalid', message), condition('MainWorkloadReady', 'True'));
    const picked = await given(place, service('picked').with({ router: { scheduler: {} } }));
    await picked.reaches(condition('SchedulerWorkloadReady', 'False', 'SchedulerReconcileError', /InferencePool/));
    await plain.annotate('serving.kserve.io/stop', 'true');
    await plain.reaches(condition('Ready', 'False', 'Stopped'));

    for (const definition of await readManifests(foreignDefinitions)) await place.admin.apply(definition);
    await picked.reaches(condition('SchedulerWorkloadReady', 'True'), condition('InferencePoolReady', 'False', 'WaitingForGateway'));
    for (const { object } of readExamples([packagePath('examples/environment/20-gateway.yaml')])) await place.admin.apply(object);
    await routed.reaches(isReady);
    expect(await place.admin.get(kinds.httpRoute, NAMESPACE, 'routed-kserve-route')).not.to.equal(undefined);
  });
});
