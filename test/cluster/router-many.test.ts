import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { annotations, finalizers } from '../../api/metadata.ts';
import { findBinaries } from '../../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { log } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import { installInto, prepareSite, type RunningOperator, startOperator } from '../support/operator.ts';
import { passesOf, type Requests, readsOf, rests, since, writesOf } from '../support/requests.ts';
import { coreService, gateway, httpRoute, rule, serviceBackend } from '../support/router-fixtures.ts';
import { chooseWebhookAddress } from '../support/webhook-address.ts';

const NAMESPACE = 'many';
const GATEWAYS = 100;
const SERVICES_PER_GATEWAY = 10;
const SERVICES = GATEWAYS * SERVICES_PER_GATEWAY;

/** Without the other versions: the API server has every change converted for the caches of the versions it serves, though nobody reads them here. */
function storedVersionOnly(definition: KubeObject): KubeObject {
  const spec = definition.spec as { versions: readonly { storage: boolean }[] };
  return { ...definition, spec: { ...spec, versions: spec.versions.filter(({ storage }) => storage) } };
}

/**
 * The services of the first gateways run. The others are there to be left alone, and cheap: they are stopped, have the finalizer already, and
 * name a config that does not exist, so that nobody has the API server check what they come to.
 */
const BUSY_GATEWAYS = 10;
const CREATED_AT_ONCE = 16;

describe('an event among a thousand services', function () {
  this.timeout(300_000);

  let controlPlane: ControlPlane;
  let operator: RunningOperator;

  before(async () => {
    const [binaries, foreign, webhooks] = await Promise.all([findBinaries({ log }), readManifests(foreignDefinitions), chooseWebhookAddress()]);
    controlPlane = await startControlPlane({ binaries, definitions: [...foreign, ...webhooks.manifests.definitions.map(storedVersionOnly)] });
    await create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }]);
    await create(Array.from({ length: GATEWAYS }, (_, i) => gateway({ name: `gateway-${i}`, namespace: NAMESPACE })));
    await create(Array.from({ length: GATEWAYS }, (_, i) => routeOf(i)));
    await create(Array.from({ length: SERVICES }, (_, i) => serviceNumber(i)));
    // Installed afterwards: a thousand services are created in half the time while no webhook is asked about them.
    const site = await prepareSite(controlPlane, webhooks);
    await installInto(site);
    operator = await startOperator(site, { workers: 8 });
    await eventually(async () => {
      expect(await passesOf(operator)).to.be.at.least(SERVICES);
      await rests(operator);
    }, 200_000);
    const { items } = await controlPlane.admin.list(kinds.service, NAMESPACE);
    const seen = items.filter(({ status, metadata }) => (status as { observedGeneration?: number })?.observedGeneration === metadata.generation);
    expect(seen.length).to.equal(SERVICES);
  });
  after(async () => {
    await operator?.stop();
    await controlPlane?.stop();
  });

  /** An own route of each gateway's, so that services need no managed one. */
  const routeOf = (i: number): KubeObject =>
    httpRoute({ name: `route-${i}`, namespace: NAMESPACE, parentRefs: [{ name: `gateway-${i}` }], rules: [rule(`/${i}`, serviceBackend('any'))] });

  const serviceNumber = (i: number): KubeObject => {
    const group = i % GATEWAYS;
    const router = { route: { http: { refs: [{ name: `route-${group}` }] } }, gateway: { refs: [{ name: `gateway-${group}` }] } };
    const plain = service(`service-${i}`).with({ router });
    const { object } = group < BUSY_GATEWAYS ? plain : plain.annotated(annotations.stop, 'true').basedOn('none');
    return { ...object, metadata: { ...object.metadata, namespace: NAMESPACE, finalizers: [finalizers.service] } };
  };

  async function create(objects: readonly KubeObject[]): Promise<void> {
    const waiting = [...objects];
    const work = async () => {
      for (let object = waiting.shift(); object; object = waiting.shift()) await controlPlane.admin.create(object);
    };
    await Promise.all(Array.from({ length: CREATED_AT_ONCE }, work));
  }

  interface Cost {
    readonly passes: number;
    readonly writes: Requests;
    readonly reads: Requests;
  }

  /** What an event costs the operator, when it has brought about this many passes. */
  async function costOf(act: () => Promise<unknown>, passes: number): Promise<Cost> {
    const [passed, writes, reads] = [await passesOf(operator), await writesOf(operator), await readsOf(operator)];
    await act();
    await eventually(async () => {
      expect((await passesOf(operator)) - passed).to.be.at.least(passes);
      await rests(operator);
    });
    return {
      passes: (await passesOf(operator)) - passed,
      writes: since(writes, await writesOf(operator)),
      reads: since(reads, await readsOf(operator)),
    };
  }

  const address = (value: string, of: string) =>
    controlPlane.admin.patch(kinds.gateway, NAMESPACE, of, { status: { addresses: [{ type: 'IPAddress', value }] } }, 'status');

  const onlyItsOwn: Cost = {
    passes: SERVICES_PER_GATEWAY,
    writes: { 'patch LLMInferenceService': SERVICES_PER_GATEWAY },
    reads: {},
  };

  /** With a managed route, whose model others may serve, too. */
  const routed = (name: string, model: string): KubeObject => {
    const { object } = service(name).with({ model: { uri: 'hf://org/model', name: model }, router: { route: {} } });
    return { ...object, metadata: { ...object.metadata, namespace: NAMESPACE } };
  };
  const rename = (name: string, model: string) => () =>
    controlPlane.admin.patch(kinds.service, NAMESPACE, name, { spec: { model: { name: model } } });

  it('about one gateway costs requests for its own services only', async () => {
    expect(await costOf(() => address('203.0.113.7', 'gateway-3'), SERVICES_PER_GATEWAY)).to.deep.equal(onlyItsOwn);
    const { items } = await controlPlane.admin.list(kinds.service, NAMESPACE);
    const reached = items.filter(({ status }) => (status as { url?: string })?.url === 'http://203.0.113.7/3');
    expect(reached.length).to.equal(SERVICES_PER_GATEWAY);
  });

  it('about a gateway costs nothing when its services are stopped', async () => {
    const both = () => address('203.0.113.8', `gateway-${GATEWAYS - 1}`).then(() => address('203.0.113.9', 'gateway-0'));
    expect(await costOf(both, SERVICES_PER_GATEWAY)).to.deep.equal(onlyItsOwn);
  });

  it('about its route, or the Service behind it, costs the same', async () => {
    const hosts = { spec: { hostnames: ['models.example.com'] } };
    const changed = await costOf(() => controlPlane.admin.patch(kinds.httpRoute, NAMESPACE, 'route-3', hosts), SERVICES_PER_GATEWAY);
    expect(changed).to.deep.equal(onlyItsOwn);
    const behind = coreService('gateway-3', NAMESPACE, { ports: [80] }) as object as KubeObject;
    expect(await costOf(() => controlPlane.admin.create(behind), SERVICES_PER_GATEWAY)).to.deep.equal(onlyItsOwn);
  });

  it('wakes two services, and no others, when they begin or end to claim the same model (B5.27)', async () => {
    const collisions = async () => {
      const { items } = await controlPlane.admin.list(kinds.event, NAMESPACE);
      const told = items.filter(({ reason }) => reason === 'ModelNameCollision') as { involvedObject?: { name: string }; count?: number }[];
      return told.map(({ involvedObject, count }) => `${involvedObject?.name} ${count}`).sort();
    };
    await costOf(() => create([routed('twin-a', 'one'), routed('twin-b', 'two'), routed('single', 'three')]), 3);
    const passesOver = async (model: string): Promise<number> => (await costOf(rename('twin-b', model), 2)).passes;

    expect(await passesOver('one'), 'passes when they begin to collide').to.equal(2);
    await eventually(async () => expect(await collisions()).to.deep.equal(['twin-a 1', 'twin-b 1']));
    expect(await passesOver('two'), 'passes when they end to collide').to.equal(2);
    expect(await passesOver('one'), 'passes when they collide again').to.equal(2);
    await eventually(async () => expect(await collisions()).to.deep.equal(['twin-a 2', 'twin-b 2']));
  });

  it('wakes nobody of a crowd that serves one model anyway (B5.27)', async () => {
    const crowd = Array.from({ length: 21 }, (_, i) => routed(`crowd-${i}`, 'popular'));
    await costOf(() => create(crowd), crowd.length);
    expect((await costOf(() => create([routed('newcomer', 'popular')]), 1)).passes, 'passes when one joins').to.be.below(crowd.length);
    expect((await costOf(rename('newcomer', 'unpopular'), 1)).passes, 'passes when it leaves').to.equal(1);
  });
});
