import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { eventually } from '../support/eventually.ts';
import type { RunningOperator } from '../support/operator.ts';
import { passesOf, type Requests, rests, since, writesOf } from '../support/requests.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, type Place } from '../support/story.ts';
import { topologies, topologyConfigs } from '../support/topologies.ts';

const namesOf = (actors: readonly Actor[]) => actors.map(({ name }) => name);

describe('services of every shape', function () {
  this.timeout(120_000);
  let place: Place;
  let operator: RunningOperator;
  let services: Actor[];

  before(async () => {
    operator = await sharedOperator();
    place = await openPlace('shapes');
    services = [];
    for (const one of topologyConfigs) await place.admin.create({ ...one, metadata: { ...one.metadata, namespace: place.namespace } });
    for (const manifest of topologies) services.push(await given(place, manifest));
    await settled();
  });
  after(() => clear(place));

  /** Every service has been looked at, and nothing has been written for a while: statuses of children come in after their pass. */
  async function settled(): Promise<void> {
    let before: Requests | undefined;
    await eventually(async () => {
      for (const service of services) {
        const { status, metadata } = await service.stored();
        expect(status?.observedGeneration, service.name).to.equal(metadata.generation);
      }
      await rests(operator);
      const now = await writesOf(operator);
      const [grown, known] = [since(before ?? {}, now), before];
      before = now;
      expect(known, 'first count').not.to.equal(undefined);
      expect(grown, 'writes').to.deep.equal({});
    }, 60_000);
  }

  /** Gives every service a reason for a pass. */
  async function touchAll(value: string): Promise<void> {
    const before = await passesOf(operator);
    for (const service of services) await service.annotate('example.com/touched', value);
    await eventually(async () => {
      expect(await passesOf(operator), 'passes').to.be.at.least(before + services.length);
      await rests(operator);
    });
  }

  async function versions(): Promise<Record<string, string | undefined>> {
    const found: Record<string, string | undefined> = {};
    for (const service of services) {
      for (const [key, { metadata }] of await service.children()) found[`${service.name}: ${key}`] = metadata.resourceVersion;
    }
    return found;
  }

  it('have the workloads they ask for, and all of them', async () => {
    const deployments = (await place.admin.list(kinds.deployment, place.namespace)).items.map(({ metadata }) => metadata.name ?? '');
    const groups = (await place.admin.list(kinds.leaderWorkerSet, place.namespace)).items.map(({ metadata }) => metadata.name ?? '');
    expect(groups).to.have.members(
      ['multi-node', 'without-leader', 'multi-node-prefill', 'multi-node-decode', 'devices', 'kv-tiers-multi-node']
        .map((name) => `${name}-kserve-mn`)
        .concat('multi-node-prefill-kserve-mn-prefill', 'multi-node-prefill-only-kserve-mn-prefill'),
    );
    const prefills = ['prefill', 'multi-node-decode', 'devices', 'kv-tiers', 'tracing'].map((name) => `${name}-kserve-prefill`);
    const grouped = new Set(groups.filter((name) => name.endsWith('-kserve-mn')).map((name) => name.replace(/-kserve-mn$/, '')));
    const mains = namesOf(services).filter((name) => !grouped.has(name) && name !== 'stopped');
    expect(deployments.filter((name) => /-kserve(-prefill)?$/.test(name))).to.have.members([...mains.map((name) => `${name}-kserve`), ...prefills]);
  });

  it('get their workloads in one write: what is created is complete (R3.43a)', async () => {
    for (const kind of [kinds.deployment, kinds.leaderWorkerSet]) {
      for (const { metadata } of (await place.admin.list(kind, place.namespace)).items) expect(metadata.generation, metadata.name).to.equal(1);
    }
  });

  it('are told once what has no effect', async () => {
    const advised = services.find(({ name }) => name === 'advised');
    const warnings = (await advised?.events())?.filter(({ type, reason }) => type === 'Warning' && reason !== 'Error');
    expect(warnings?.map(({ reason, count }) => `${reason} ${count}`)).to.have.members(['StorageInitializerOverride 1', 'DeviceClaimNotUsed 1']);
  });

  it('are not written again when they are looked at again', async () => {
    const [writes, before] = [await writesOf(operator), await versions()];
    await touchAll('1');
    await touchAll('2');
    expect(since(writes, await writesOf(operator))).to.deep.equal({});
    expect(await versions()).to.deep.equal(before);
  });

  it('are not written again by a new operator', async () => {
    const before = await versions();
    await siteWithoutOperator();
    operator = await sharedOperator();
    await settled();
    await touchAll('3');
    const { 'create LLMInferenceService': _checks, 'create Event': _advice, ...writes } = await writesOf(operator);
    expect(writes).to.deep.equal({});
    expect(await versions()).to.deep.equal(before);
  });
});
