import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { finalizers, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import type { LLMInferenceServiceConfigStatus } from '../../api/types.ts';
import { eventually } from '../support/eventually.ts';
import { config, service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { clear, given, has, isGone, isReady, type Place } from '../support/story.ts';

type LiveConfig = KubeObject & { status?: LLMInferenceServiceConfigStatus };

describe('a config', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('configs');
  });
  afterEach(() => clear(place));

  const create = (name: string) => {
    const object = config(name, { replicas: 2 });
    return place.admin.create({ ...object, metadata: { ...object.metadata, namespace: place.namespace } });
  };
  const read = (name: string, where = place.namespace) => place.admin.get(kinds.config, where, name) as Promise<LiveConfig | undefined>;
  /** Waits until the config is in (or not in) use, for this reason and by these services. */
  const untilUsed = (name: string, reason: string, users: readonly string[]) =>
    eventually(async () => {
      const found = await read(name);
      if (!found) throw new Error(`config ${name} does not exist`);
      const { status, metadata } = found;
      const inUse = status?.conditions?.find(({ type }) => type === 'ConfigInUse');
      const message = users.length > 0 ? `referenced by ${users.length} LLMInferenceService(s)` : 'not referenced by any LLMInferenceService';
      expect(inUse).to.include({ status: users.length > 0 ? 'True' : 'False', reason, message, severity: 'Info' });
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ status: 'True' });
      expect(status?.referencedBy ?? []).to.deep.equal(users.map((user) => ({ name: user, namespace: place.namespace })));
      // A deletion raises the generation, but brings nothing to observe (R1.86).
      expect(status?.observedGeneration).to.equal((metadata.generation ?? 0) - (metadata.deletionTimestamp ? 1 : 0));
    });

  it('gets a finalizer, and says that nobody uses it (R2.111, R2.112)', async () => {
    await create('unused');
    await untilUsed('unused', 'NotInUse', []);
    expect((await read('unused'))?.metadata.finalizers).to.deep.equal([finalizers.config]);
    await place.admin.delete(kinds.config, place.namespace, 'unused');
    await eventually(async () => expect(await read('unused')).to.equal(undefined));
  });

  it('says who uses it, and stops saying so when they let go', async () => {
    await create('shared');
    const first = await given(place, service('first').basedOn('shared'));
    const second = await given(place, service('second').basedOn('shared'));
    await first.reaches(isReady);
    await second.reaches(isReady);
    await untilUsed('shared', 'InUse', ['first', 'second']);

    await first.change({ spec: { baseRefs: null } });
    await untilUsed('shared', 'InUse', ['second']);
    await second.delete();
    await untilUsed('shared', 'NotInUse', []);
  });

  it('stays while it is used although it was deleted, goes on to be applied, and goes with its last user (R2.113)', async () => {
    await create('held');
    const qwen = await given(place, service('qwen').basedOn('held'));
    await qwen.reaches(isReady);
    await place.admin.delete(kinds.config, place.namespace, 'held');
    await untilUsed('held', 'DeletionBlocked', ['qwen']);
    await eventually(async () => {
      const { items } = await place.admin.list(kinds.event, place.namespace);
      const [event] = items.filter(({ reason }) => reason === 'DeletionBlocked');
      expect(event).to.include({
        type: 'Warning',
        message: `Cannot delete LLMInferenceServiceConfig ${place.namespace}/held: referenced by 1 LLMInferenceService(s)`,
      });
    });
    await qwen.annotate('example.com/touched', 'yes');
    await qwen.reaches(
      isReady,
      has(kinds.deployment, suffixes.main, (child) => expect(child.spec).to.include({ replicas: 2 })),
    );

    await qwen.delete();
    await qwen.reaches(isGone);
    await eventually(async () => expect(await read('held')).to.equal(undefined));
  });

  it('is kept for a service that was created just before, however many other configs are new (R3.120c)', async () => {
    const others = Array.from({ length: 40 }, (_, index) => `other-${index}`);
    await Promise.all([...others, 'early'].map(create));
    const newcomer = await given(place, service('newcomer').basedOn('early'));
    await newcomer.reaches(has(kinds.deployment, suffixes.main));
    await place.admin.delete(kinds.config, place.namespace, 'early');
    await newcomer.reaches(isReady);
    await eventually(async () => {
      const conditions = (await read('early'))?.status?.conditions ?? [];
      expect(conditions.find(({ type }) => type === 'ConfigInUse')).to.include({ status: 'True', reason: 'DeletionBlocked' });
    });
    for (const name of others) await place.admin.delete(kinds.config, place.namespace, name);
  });

  it('is not ready when the settings of now make its templates fail, and is again when they do not', async () => {
    const { systemNamespace } = defaultOptions;
    const settings = await place.admin.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP);
    const { ingress = '{}' } = (settings?.data ?? {}) as { ingress?: string };
    const write = (text: string) => place.admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, { data: { ingress: text } });
    const object = config('without-tls', {
      template: { containers: [{ name: 'main', image: '{{ if .GlobalConfig.EnableTLS }}{{ .Spec.NoSuchField }}{{ end }}' }] },
    });
    await place.admin.create({ ...object, metadata: { ...object.metadata, namespace: place.namespace } });
    const ready = async () => ((await read('without-tls'))?.status?.conditions ?? []).find(({ type }) => type === 'Ready');
    await eventually(async () => expect(await ready()).to.include({ status: 'True' }));
    try {
      await write(JSON.stringify({ ...JSON.parse(ingress), enableLLMInferenceServiceTLS: true }));
      await eventually(async () => expect(await ready()).to.include({ status: 'False', reason: 'InvalidTemplate' }));
      expect((await ready())?.message).to.match(/^failed to merge config: .*can't evaluate field NoSuchField/);
    } finally {
      await write(ingress);
    }
    await eventually(async () => expect(await ready()).to.include({ status: 'True' }));
  });

  it('that every service may need names them all (R2.114)', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady);
    const users = async () => (await read('kserve-config-llm-tokenizer', 'kserve'))?.status?.referencedBy;
    await eventually(async () => expect(await users()).to.deep.include({ name: 'qwen', namespace: place.namespace }));
    await qwen.delete();
    await qwen.reaches(isGone);
    await eventually(async () => expect((await users()) ?? []).not.to.deep.include({ name: 'qwen', namespace: place.namespace }));
  });
});
