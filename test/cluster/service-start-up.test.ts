import { expect } from 'chai';
import type { KubeObject } from '../../api/kubernetes.ts';
import { SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { config, service } from '../support/manifests.ts';
import { type RunningOperator, type Site, startOperator, untilWebhooksAnswer } from '../support/operator.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { clear, condition, given, isReady, type Place } from '../support/story.ts';

/** The system namespace of the operator of this file: nothing of it exists yet. */
const SYSTEM = 'late-system';

describe('an operator that is started before its namespace, settings and presets exist (R3.120a)', () => {
  let site: Site;
  let place: Place;
  let operator: RunningOperator;

  before(async () => {
    const usual = await siteWithoutOperator();
    site = { ...usual, options: { ...usual.options, systemNamespace: SYSTEM } };
    place = await openPlace('start-up');
    operator = await startOperator(site, {}, { untilRunning: false });
    await untilWebhooksAnswer(site.webhooks.port);
  });
  after(async () => {
    try {
      await clear(place);
    } finally {
      await operator.stop();
      await sharedOperator();
    }
  });

  const inSystem = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, namespace: SYSTEM } });
  const refusal = (create: Promise<unknown>) =>
    create.then(
      () => 'accepted',
      (error: Error) => error.message,
    );

  it('serves webhooks that judge configs and services', async () => {
    const invalid = config('invalid', { model: { uri: 'hf://a/b', name: '{{ .Nonsense' } });
    expect(await refusal(place.admin.create({ ...invalid, metadata: { ...invalid.metadata, namespace: place.namespace } }))).to.match(
      /denied the request/,
    );
  });

  it('brings a service up that was created before, as soon as it can', async () => {
    const early = await given(place, service('early'));
    await early.reaches(condition('Ready', 'Unknown', undefined, new RegExp(`${SETTINGS_CONFIG_MAP}.*not found`)));

    await place.admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM } });
    const settings = site.webhooks.manifests.base.find(({ metadata }) => metadata.name === SETTINGS_CONFIG_MAP);
    if (!settings) throw new Error('the installation has no settings');
    await place.admin.create(inSystem(settings));
    await early.reaches(condition('Ready', 'False', 'ConfigNotFound'));

    for (const preset of site.webhooks.manifests.presets) await place.admin.create(inSystem(preset));
    await early.reaches(isReady);
    const late = await given(place, service('late'));
    await late.reaches(isReady);
    expect((await early.stored()).status?.appliedConfigs?.map(({ namespace: where }) => where)).to.deep.equal([SYSTEM, SYSTEM, SYSTEM]);
  });
});
