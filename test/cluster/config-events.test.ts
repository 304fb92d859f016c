import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { defaultOptions } from '../../api/options.ts';
import type { LLMInferenceServiceConfigStatus } from '../../api/types.ts';
import { eventually } from '../support/eventually.ts';
import { config, service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { passesOf, rests, untilPassed } from '../support/requests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, isReady, type Place } from '../support/story.ts';

const { systemNamespace } = defaultOptions;

describe('a change of configuration', () => {
  let place: Place;
  let operator: RunningOperator;
  let actors: { readonly first: Actor; readonly second: Actor };

  before(async () => {
    operator = await sharedOperator();
    place = await openPlace('config-events');
    const shared = config('shared', { replicas: 1 });
    await place.admin.create({ ...shared, metadata: { ...shared.metadata, namespace: place.namespace } });
    const manifests = [
      service('first').basedOn('shared'),
      service('second').basedOn('shared'),
      service('split').with({ prefill: {} }),
      service('without'),
    ];
    const all = await Promise.all(manifests.map((manifest) => given(place, manifest)));
    for (const actor of all) await actor.reaches(isReady);
    const [first, second] = all as [Actor, Actor];
    actors = { first, second };
    await configsAreSettled();
  });
  after(() => clear(place));

  /** Well-known configs count their users half a second later. */
  const configsAreSettled = () =>
    eventually(async () => {
      const users = (await place.admin.list(kinds.service)).items.length;
      for (const { metadata, status } of (await place.admin.list(kinds.config, systemNamespace)).items) {
        expect(((status ?? {}) as LLMInferenceServiceConfigStatus).referencedBy, metadata.name).to.have.length(users);
      }
      await rests(operator);
    });
  let touches = 0;
  const annotation = () => ({ metadata: { annotations: { 'example.com/touched': String(++touches) } } });
  const touchConfig = (name: string, namespace = systemNamespace) => place.admin.patch(kinds.config, namespace, name, annotation());
  const touchService = (actor: Actor) => actor.change(annotation());

  /** Passes over services because of `act`, when everything rests again. */
  async function passesAfter(act: () => Promise<unknown>): Promise<number> {
    const before = await passesOf(operator);
    await untilPassed(operator, act);
    return (await passesOf(operator)) - before;
  }

  it('of a preset costs one pass over each service that uses it, and none over others', async () => {
    expect(await passesAfter(() => touchConfig('kserve-config-llm-prefill-template'))).to.equal(1);
    expect(await passesAfter(() => touchConfig('kserve-config-llm-template'))).to.equal(3);
    expect(await passesAfter(() => touchConfig('kserve-config-llm-router-route'))).to.equal(4);
  });

  it('of a baseRef costs one pass over each service that names it', async () => {
    expect(await passesAfter(() => touchConfig('shared', place.namespace))).to.equal(2);
  });

  it('that comes in several steps at once costs no more than a pass each', async () => {
    const passes = await passesAfter(() => Promise.all(Array.from({ length: 5 }, () => touchConfig('shared', place.namespace))));
    expect(passes).to.be.within(2, 10);
  });

  it('of a preset that nobody uses costs no pass', async () => {
    await touchConfig('kserve-config-llm-tracing');
    expect(await passesAfter(() => touchConfig('kserve-config-llm-prefill-template'))).to.equal(1);
  });

  it('of a service costs no pass over the configs it uses, as long as it goes on using them', async () => {
    const before = await passesOf(operator, 'llminferenceserviceconfig');
    await untilPassed(operator, () => touchService(actors.first));
    await untilPassed(operator, () => actors.first.change({ spec: { model: { uri: 'hf://Qwen/Qwen2.5-14B-Instruct' } } }));
    await actors.first.reaches(isReady, () => rests(operator));
    expect(await passesOf(operator, 'llminferenceserviceconfig')).to.equal(before);
  });

  it('of what a service is based on costs a pass over that config only', async () => {
    const before = await passesOf(operator, 'llminferenceserviceconfig');
    await untilPassed(operator, () => actors.second.change({ spec: { baseRefs: null } }));
    await actors.second.reaches(
      isReady,
      () => rests(operator),
      async () => {
        const shared = await place.admin.get(kinds.config, place.namespace, 'shared');
        expect(((shared?.status ?? {}) as LLMInferenceServiceConfigStatus).referencedBy).to.deep.equal([
          { name: 'first', namespace: place.namespace },
        ]);
      },
    );
    expect((await passesOf(operator, 'llminferenceserviceconfig')) - before).to.be.within(1, 2);
  });

  // Last, because configs are judged anew half a second after a change of the settings.
  it('of the settings costs one pass over every service, one that is not read none (R2.6)', async () => {
    const services = (await place.admin.list(kinds.service)).items.length;
    const settings = await place.admin.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP);
    const { ingress = '' } = (settings?.data ?? {}) as { ingress?: string };
    const write = (data: Record<string, string | null>) => place.admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, { data });
    try {
      await write({ logger: '{"image": "not ours"}' });
      expect(await passesAfter(() => touchService(actors.first))).to.equal(1);
      const changed = JSON.stringify({ ...JSON.parse(ingress), modelBasedRoutingMode: 'forced' });
      expect(await passesAfter(() => write({ ingress: changed }))).to.equal(services);
    } finally {
      await untilPassed(operator, () => write({ ingress, logger: null }));
    }
  });
});
