import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { presetsCountAll } from '../support/presets-in-use.ts';
import { passesOf, type Requests, readsOf, rests, since, untilPassed, writesOf } from '../support/requests.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, has, isGone, isReady, type Place } from '../support/story.ts';

const operatorNamespace = defaultOptions.systemNamespace;
const GATEWAY = 'kserve-ingress-gateway';

describe('a service that is as it should be', () => {
  let place: Place;
  let qwen: Actor;
  let operator: RunningOperator;
  let versions: Record<string, string | undefined>;

  before(async () => {
    operator = await sharedOperator();
    place = await openPlace('steady');
    qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady, presetsCountAll, () => rests(operator));
    await touch();
    versions = await versionsOf();
  });
  after(() => clear(place));

  const versionsOf = async () => Object.fromEntries([...(await qwen.children())].map(([key, { metadata }]) => [key, metadata.resourceVersion]));
  let touches = 0;
  const touch = () => untilPassed(operator, () => qwen.annotate('example.com/touched', String(++touches)));

  /** What the operator writes because of `act`. What a first pass causes would be written by the second. */
  async function writesAfter(act: () => Promise<unknown>): Promise<Requests> {
    const before = await writesOf(operator);
    await untilPassed(operator, act);
    await touch();
    return since(before, await writesOf(operator));
  }

  it('is not written again when an annotation changes that means nothing', async () => {
    expect(await writesAfter(touch)).to.deep.equal({});
    expect(await versionsOf()).to.deep.equal(versions);
  });

  it('costs no request then, until its service account changes', async () => {
    const before = await readsOf(operator);
    await touch();
    await touch();
    expect(since(before, await readsOf(operator))).to.deep.equal({});
    const annotate = (value: string | null) =>
      place.admin.patch(kinds.serviceAccount, place.namespace, 'default', { metadata: { annotations: { 'example.com/a': value } } });
    await untilPassed(operator, () => annotate('1'));
    await untilPassed(operator, () => annotate(null));
    expect(since(before, await readsOf(operator))).to.deep.equal({ 'get ServiceAccount': 2 });
  });

  it('is not written again when somebody adds an annotation to one of its objects', async () => {
    const annotate = (value: string | null) =>
      qwen.changeChild(kinds.coreService, suffixes.schedulerService, { metadata: { annotations: { 'example.com/a': value } } });
    expect(await writesAfter(() => annotate('1'))).to.deep.equal({});
    expect(await writesAfter(() => annotate(null))).to.deep.equal({});
  });

  it('is not written again when a status changes that it does not show', async () => {
    const status = { conditions: [{ type: 'Available', status: 'True', reason: 'StillAvailable', message: 'once more' }] };
    expect(await writesAfter(() => qwen.changeChild(kinds.deployment, suffixes.main, { status }, 'status'))).to.deep.equal({});
  });

  it('is not written again by a new operator, which only has the API server check the spec once', async () => {
    versions = await versionsOf();
    await siteWithoutOperator();
    operator = await sharedOperator();
    const { items: services } = await place.admin.list(kinds.service);
    await eventually(async () => {
      expect((await writesOf(operator))['create LLMInferenceService']).to.equal(services.length);
      await rests(operator);
    });
    await touch();
    await touch();
    expect(await writesOf(operator)).to.deep.equal({ 'create LLMInferenceService': services.length });
    expect(await versionsOf()).to.deep.equal(versions);
  });

  it('does not hear of a Gateway that counts its routes', async () => {
    const count = async (attachedRoutes: number) => {
      const status = ((await place.admin.get(kinds.gateway, operatorNamespace, GATEWAY))?.status ?? {}) as { listeners?: object[] };
      const listeners = status.listeners?.map((listener) => ({ ...listener, attachedRoutes }));
      await place.admin.patch(kinds.gateway, operatorNamespace, GATEWAY, { status: { listeners } }, 'status');
    };
    // Events of one kind come in order: when this one has led to passes, those before it have been heard.
    let annotations = 0;
    const passesWith = async (act: () => Promise<void>) => {
      const before = await passesOf(operator);
      const annotation = { 'example.com/a': String(++annotations) };
      await act();
      await untilPassed(operator, () => place.admin.patch(kinds.gateway, operatorNamespace, GATEWAY, { metadata: { annotations: annotation } }));
      return (await passesOf(operator)) - before;
    };
    const alone = await passesWith(async () => undefined);
    const counted = await passesWith(async () => {
      await count(17);
      await count(18);
    });
    expect(counted).to.equal(alone);
  });

  it('needs one pass: what it writes does not make it pass again', async () => {
    // Nothing happens here but what the operator does itself.
    const namespace = 'steady-alone';
    await place.admin.create({ apiVersion: kinds.namespace.apiVersion, kind: kinds.namespace.kind, metadata: { name: namespace } });
    await rests(operator);
    const before = await passesOf(operator);
    const alone = await given({ admin: place.admin, namespace }, service('alone'));
    await alone.reaches(
      has(kinds.httpRoute, suffixes.route),
      async () => expect((await alone.stored()).status?.observedGeneration).to.equal(1),
      () => rests(operator),
    );
    expect((await passesOf(operator)) - before).to.equal(1);
    await alone.delete();
    await alone.reaches(isGone);
  });

  it('is checked by the API server once while it comes up', async () => {
    const before = await writesOf(operator);
    const other = await given(place, service('other'));
    await other.reaches(isReady, () => rests(operator));
    expect(since(before, await writesOf(operator))).to.include({ 'create LLMInferenceService': 1 });
  });
});
