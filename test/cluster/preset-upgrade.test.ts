import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import type { LLMInferenceServiceConfigStatus } from '../../api/types.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import { installInto, type RunningOperator, type Site, startOperator } from '../support/operator.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, type Expectation, given, has, isReady, type Place } from '../support/story.ts';

const { systemNamespace, presetPrefix: OLD } = defaultOptions;
const NEW = 'v2-kserve-';

/** Installs presets under a new prefix beside the old ones, as a platform does that has several versions of them (R2.10, R2.121). */
describe('an operator with presets of a new version', () => {
  let place: Place;
  let site: Site;
  let operator: RunningOperator | undefined;
  let early: Actor;

  before(async () => {
    await sharedOperator();
    place = await openPlace('upgrade');
    early = await given(place, service('early'));
    await early.reaches(isReady);

    site = await siteWithoutOperator();
    operator = await startOperator({ ...site, options: { ...site.options, presetPrefix: NEW } });
    for (const preset of await presetsOf(OLD)) {
      const { name = '' } = preset.metadata;
      const copy = { ...preset, metadata: { name: NEW + name.slice(OLD.length), namespace: systemNamespace }, spec: withImage(preset.spec, name) };
      delete (copy as { status?: unknown }).status;
      await place.admin.create(copy);
    }
  });
  after(async () => {
    await clear(place);
    await operator?.stop();
    await sharedOperator();
    await installInto(site);
    for (const { metadata } of await presetsOf(NEW)) await place.admin.delete(kinds.config, systemNamespace, metadata.name ?? '');
    await eventually(async () => expect(await presetsOf(NEW)).to.deep.equal([]));
  });

  const presetsOf = async (prefix: string): Promise<readonly KubeObject[]> =>
    (await place.admin.list(kinds.config, systemNamespace)).items
      .filter(({ metadata }) => metadata.name?.startsWith(`${prefix}config-`))
      .map((item) => ({ ...item, apiVersion: kinds.config.apiVersion, kind: kinds.config.kind }));
  /** What is new in the new version. */
  const IMAGE = 'ghcr.io/llm-d/llm-d-cuda:v2';
  const withImage = (spec: unknown, name: string): unknown =>
    name === `${OLD}config-llm-template` ? JSON.parse(JSON.stringify(spec).replaceAll(/ghcr\.io\/llm-d\/llm-d-cuda:[^"]*/g, IMAGE)) : spec;
  const applies =
    (...names: readonly string[]): Expectation =>
    async (actor) =>
      expect((await actor.stored()).status?.appliedConfigs?.map(({ name }) => name)).to.deep.equal(names);
  const runs = (image: RegExp): Expectation => has(kinds.deployment, suffixes.main, (child) => expect(JSON.stringify(child.spec)).to.match(image));
  const pinOf = async (actor: Actor) => (await actor.stored()).status?.annotations?.['serving.kserve.io/config-llm-template'];

  it('keeps services on the presets they have, but for the route (R2.15, R2.16)', async () => {
    await early.annotate('example.com/touched', 'yes');
    await early.reaches(
      isReady,
      applies(`${OLD}config-llm-scheduler`, `${NEW}config-llm-router-route`, `${OLD}config-llm-template`),
      runs(/llm-d-cuda:v0/),
    );
    expect(await pinOf(early)).to.equal(`${OLD}config-llm-template`);
  });

  it('gives new services the new presets', async () => {
    const late = await given(place, service('late'));
    await late.reaches(
      isReady,
      applies(`${NEW}config-llm-scheduler`, `${NEW}config-llm-router-route`, `${NEW}config-llm-template`),
      runs(/llm-d-cuda:v2/),
    );
    expect(await pinOf(late)).to.equal(`${NEW}config-llm-template`);
  });

  const oldNames = async () => (await presetsOf(OLD)).map(({ metadata }) => metadata.name);

  it('lets old presets be deleted, but keeps those that a service uses (R2.118, R2.121)', async () => {
    await place.admin.delete(kinds.config, systemNamespace, `${OLD}config-llm-tracing`);
    await place.admin.delete(kinds.config, systemNamespace, `${OLD}config-llm-template`);
    await eventually(async () => {
      expect(await oldNames())
        .to.include(`${OLD}config-llm-template`)
        .and.not.include(`${OLD}config-llm-tracing`);
      const held = (await presetsOf(OLD)).find(({ metadata }) => metadata.name === `${OLD}config-llm-template`);
      const { conditions = [], referencedBy } = (held?.status ?? {}) as LLMInferenceServiceConfigStatus;
      expect(conditions.find(({ type }) => type === 'ConfigInUse')).to.include({ status: 'True', reason: 'DeletionBlocked' });
      expect(referencedBy).to.deep.equal([{ name: 'early', namespace: place.namespace }]);
    });
  });

  it('moves a service to the new presets when its annotation says so, and tells it (17.18 of chapter 02)', async () => {
    await early.annotate('serving.kserve.io/preset-pins', 'current');
    await early.reaches(
      isReady,
      applies(`${NEW}config-llm-scheduler`, `${NEW}config-llm-router-route`, `${NEW}config-llm-template`),
      runs(/llm-d-cuda:v2/),
      async () => expect((await early.events()).map(({ reason }) => reason)).to.include('PresetPinsMoved'),
      async () => expect(await oldNames()).not.to.include(`${OLD}config-llm-template`),
    );
  });
});
