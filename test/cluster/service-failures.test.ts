import { expect } from 'chai';
import { kinds, SERVING_GROUP } from '../../api/kinds.ts';
import { finalizers, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import { eventually } from '../support/eventually.ts';
import { config, service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { refuse } from '../support/refusals.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { actor, clear, condition, given, has, hasChildren, hasNoCondition, isGone, isReady, type Place } from '../support/story.ts';

describe('a service that cannot be what it asks for', () => {
  let place: Place;
  let operator: RunningOperator;

  before(async () => {
    operator = await sharedOperator();
    place = await openPlace('failures');
  });
  afterEach(() => clear(place));

  it('names the config that is missing, and recovers when it appears', async () => {
    const qwen = await given(place, service('qwen').basedOn('team-defaults'));
    await qwen.reaches(
      condition('PresetsCombined', 'False', 'ConfigNotFound', /team-defaults/),
      condition('Ready', 'False', 'ConfigNotFound'),
      hasChildren([]),
      async () => expect((await qwen.events()).map(({ reason }) => reason)).to.include('Error'),
    );
    const { resourceVersion, generation } = (await qwen.stored()).metadata;

    const defaults = config('team-defaults', { replicas: 3 });
    await place.admin.create({ ...defaults, metadata: { ...defaults.metadata, namespace: place.namespace } });
    await qwen.reaches(
      isReady,
      has(kinds.deployment, suffixes.main, (child) => expect(child.spec).to.include({ replicas: 3 })),
    );
    const after = await qwen.stored();
    expect(after.metadata.generation).to.equal(generation);
    expect(after.metadata.resourceVersion).not.to.equal(resourceVersion);
    expect(after.status?.appliedConfigs).to.deep.include({ name: 'team-defaults', namespace: place.namespace, source: 'UserRef' });
  });

  it('follows a config when it changes', async () => {
    const defaults = config('changing', { replicas: 1 });
    await place.admin.create({ ...defaults, metadata: { ...defaults.metadata, namespace: place.namespace } });
    const qwen = await given(place, service('qwen').basedOn('changing'));
    await qwen.reaches(isReady);
    await place.admin.patch(kinds.config, place.namespace, 'changing', { spec: { replicas: 4 } });
    await qwen.reaches(has(kinds.deployment, suffixes.main, (child) => expect(child.spec).to.include({ replicas: 4 })));
  });

  describe('because the settings of the installation are broken', () => {
    const { systemNamespace } = defaultOptions;
    let data: Record<string, string> = {};
    const write = (change: Record<string, string>) => place.admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, { data: change });

    before(async () => {
      const settings = await place.admin.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP);
      data = (settings?.data ?? {}) as Record<string, string>;
    });
    afterEach(() => write(data));

    it('goes on with the last good ones, and says so', async () => {
      const qwen = await given(place, service('qwen'));
      await qwen.reaches(isReady, hasNoCondition('SettingsValid'));
      const before = await qwen.children();
      await write({ ingress: '{ "enableGatewayApi": ' });
      const text =
        /^key "ingress" of ConfigMap inferenceservice-config cannot be read, the last value that could be read stays in use: unable to parse ingress config json/;
      const isTold = condition('SettingsValid', 'False', 'SettingsInvalid', text);
      await qwen.reaches(isReady, isTold);
      const other = await given(place, service('other'));
      await other.reaches(isReady, isTold);
      expect([...(await qwen.children()).keys()]).to.deep.equal([...before.keys()]);
      expect(await unreadableKeys()).to.deep.equal(['ingress']);
      await eventually(async () => {
        const { items } = await place.admin.list(kinds.event, systemNamespace);
        const about = items.filter(({ involvedObject }) => (involvedObject as { name: string }).name === SETTINGS_CONFIG_MAP);
        expect(about.map(({ type, reason }) => `${type} ${reason}`)).to.include('Warning SettingsInvalid');
      });
      await write(data);
      await qwen.reaches(isReady, hasNoCondition('SettingsValid'));
      await other.reaches(isReady, hasNoCondition('SettingsValid'));
      expect(await unreadableKeys()).to.deep.equal([]);
    });

    /** A new operator knows no good value. */
    async function restartWith(data: Record<string, string>): Promise<void> {
      await siteWithoutOperator();
      await write(data);
      operator = await sharedOperator();
    }

    it('waits when there are no good ones, and recovers when they are mended', async () => {
      const qwen = await given(place, service('qwen'));
      await qwen.reaches(isReady);
      const before = await qwen.children();
      await restartWith({ ingress: '{ "enableGatewayApi": ' });
      const waits = [
        condition('PresetsCombined', 'Unknown', 'SettingsUnavailable', /^failed to load ingress config: unable to parse/),
        condition('Ready', 'Unknown', 'SettingsUnavailable'),
        condition('SettingsValid', 'False', 'SettingsInvalid', /services that need it are not reconciled/),
      ];
      await qwen.reaches(...waits);
      expect([...(await qwen.children()).keys()]).to.deep.equal([...before.keys()]);
      const other = await given(place, service('other'));
      await other.reaches(...waits, hasChildren([]));
      await write(data);
      await qwen.reaches(isReady);
      await other.reaches(isReady);
    });

    it('stops only services that need what is broken', async () => {
      await restartWith({ storageInitializer: '{}' });
      const downloads = await given(place, service('downloads'));
      const mounts = await given(place, service('mounts').with({ model: { uri: 'pvc://models/qwen', name: 'qwen' } }));
      await mounts.reaches(isReady);
      await downloads.reaches(condition('PresetsCombined', 'Unknown', 'SettingsUnavailable', /storageInitializer/));
      await write(data);
      await downloads.reaches(isReady);
    });

    async function unreadableKeys(): Promise<unknown[]> {
      const found = await operator.metrics.registry.getSingleMetric('llmisvc_settings_unreadable')?.get();
      return (found?.values ?? []).filter(({ value }) => value === 1).map(({ labels }) => labels.key);
    }
  });

  it('leaves an object of somebody else alone, says so, and takes over when it is gone', async () => {
    const name = childName('qwen', suffixes.main);
    const labels = { app: 'not-ours' };
    await place.admin.create({
      apiVersion: kinds.deployment.apiVersion,
      kind: kinds.deployment.kind,
      metadata: { name, namespace: place.namespace, labels },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.com/not-ours:1' }] } },
      },
    });
    const before = await place.admin.get(kinds.deployment, place.namespace, name);
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(
      condition('MainWorkloadReady', 'False', 'ReconcileSingleNodeWorkloadError', /not controlled by/),
      condition('Ready', 'False', 'ReconcileSingleNodeWorkloadError'),
    );
    const after = await qwen.child(kinds.deployment, suffixes.main);
    expect(after.spec).to.deep.equal(before?.spec);
    expect(after.metadata).to.deep.include({ labels, uid: before?.metadata.uid, generation: before?.metadata.generation });

    await place.admin.delete(kinds.deployment, place.namespace, name);
    await qwen.reaches(isReady);
  });

  it('says why it cannot go, and goes when it can (B3.14)', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady);
    const binding = `${place.namespace}-qwen-epp-auth-rb`;
    const path = `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${binding}`;
    const relent = await refuse(
      place.admin,
      {
        apiGroup: 'rbac.authorization.k8s.io',
        resource: 'clusterrolebindings',
        operations: ['DELETE'],
        expression: `request.name != "${binding}"`,
        message: 'it is kept',
      },
      () => place.admin.request({ method: 'DELETE', path, query: { dryRun: 'All' } }),
    );
    try {
      await qwen.delete();
      await qwen.reaches(
        async () =>
          expect((await qwen.stored()).status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ reason: 'FinalizationFailed' }),
        async () => expect((await qwen.events()).map(({ message }) => message).join()).to.match(/failed to finalize: .*it is kept/),
      );
    } finally {
      await relent();
    }
    await qwen.reaches(isGone);
  });

  it('says that it cannot get its finalizer, has nothing made for it, and goes on when it can (B3.14)', async () => {
    const marked = { ...service('probe').object, metadata: { name: 'probe', namespace: place.namespace, finalizers: [finalizers.service] } };
    const relent = await refuse(
      place.admin,
      {
        apiGroup: SERVING_GROUP,
        resource: kinds.service.plural,
        operations: ['CREATE', 'UPDATE'],
        expression: `!("${finalizers.service}" in object.metadata.?finalizers.orValue([]))`,
        message: 'no finalizers here',
        namespace: place.namespace,
      },
      () =>
        place.admin.request({
          method: 'POST',
          path: `/apis/${kinds.service.apiVersion}/namespaces/${place.namespace}/${kinds.service.plural}`,
          query: { dryRun: 'All' },
          body: marked,
        }),
    );
    try {
      const qwen = await given(place, service('qwen'));
      await qwen.reaches(async () => {
        const told = (await qwen.events()).filter(({ message }) =>
          /^Reconciliation failed: failed to add the finalizer: .*no finalizers here/.test(message),
        );
        expect(told.map(({ type, reason }) => `${type} ${reason}`)).to.deep.equal(['Warning Error']);
      }, hasChildren([]));
    } finally {
      await relent();
    }
    await actor(place, 'qwen').reaches(isReady);
  });

  it('tries again what the API server refused, until it does not', async () => {
    const labels = { app: 'probe' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'a' }] } };
    const relent = await refuse(
      place.admin,
      {
        apiGroup: 'apps',
        resource: 'deployments',
        operations: ['CREATE'],
        expression: 'false',
        message: 'not today',
        namespace: place.namespace,
      },
      () =>
        place.admin.request({
          method: 'POST',
          path: `/apis/apps/v1/namespaces/${place.namespace}/deployments`,
          query: { dryRun: 'All' },
          body: { metadata: { name: 'probe' }, spec: { selector: { matchLabels: labels }, template } },
        }),
    );
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(condition('MainWorkloadReady', 'False', 'ReconcileSingleNodeWorkloadError', /not today/));
    await relent();
    await qwen.reaches(isReady);
  });
});
