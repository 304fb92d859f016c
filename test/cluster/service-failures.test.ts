import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import { eventually } from '../support/eventually.ts';
import { config, service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { clear, condition, given, has, hasChildren, hasNoCondition, isGone, isReady, type Place } from '../support/story.ts';

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
    const name = `keep-${binding}`;
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
    const rule = { apiGroups: ['rbac.authorization.k8s.io'], apiVersions: ['v1'], operations: ['DELETE'], resources: ['clusterrolebindings'] };
    const spec = {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: `request.name != "${binding}"`, message: 'it is kept' }],
    };
    await place.admin.request({ method: 'POST', path: policies, body: { metadata: { name }, spec } });
    await place.admin.request({
      method: 'POST',
      path: bindings,
      body: { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } },
    });
    try {
      const path = `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${binding}`;
      await eventually(async () => {
        const refused = await place.admin.request({ method: 'DELETE', path, query: { dryRun: 'All' } }).then(
          () => 'accepted',
          (error: Error) => error.message,
        );
        expect(refused).to.match(/it is kept/);
      });
      await qwen.delete();
      await qwen.reaches(
        async () =>
          expect((await qwen.stored()).status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ reason: 'FinalizationFailed' }),
        async () => expect((await qwen.events()).map(({ message }) => message).join()).to.match(/failed to finalize: .*it is kept/),
      );
    } finally {
      await place.admin.request({ method: 'DELETE', path: `${bindings}/${name}` });
      await place.admin.request({ method: 'DELETE', path: `${policies}/${name}` });
    }
    await qwen.reaches(isGone);
  });

  it('tries again what the API server refused, until it does not', async () => {
    const name = `no-deployments-in-${place.namespace}`;
    const policy = (kind: string, spec: object) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, spec });
    const send = (plural: string, method: 'POST' | 'DELETE', body?: object) =>
      place.admin.request({
        method,
        path: `/apis/admissionregistration.k8s.io/v1/${plural}${method === 'DELETE' ? `/${name}` : ''}`,
        ...(body ? { body } : {}),
      });
    await send(
      'validatingadmissionpolicies',
      'POST',
      policy('ValidatingAdmissionPolicy', {
        matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }] },
        validations: [{ expression: 'false', message: 'not today' }],
      }),
    );
    await send(
      'validatingadmissionpolicybindings',
      'POST',
      policy('ValidatingAdmissionPolicyBinding', {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': place.namespace } } },
      }),
    );
    const isRefused = (problem: unknown) => expect((problem as Error | undefined)?.message ?? '').to.match(/not today/);
    await eventually(async () => isRefused(await tryDeployment(place)));

    const qwen = await given(place, service('qwen'));
    await qwen.reaches(condition('MainWorkloadReady', 'False', 'ReconcileSingleNodeWorkloadError', /not today/));
    await send('validatingadmissionpolicybindings', 'DELETE');
    await send('validatingadmissionpolicies', 'DELETE');
    await qwen.reaches(isReady);
  });
});

/** Asks whether a Deployment would be accepted; resolves to the reason why not. */
async function tryDeployment({ admin, namespace }: Place): Promise<unknown> {
  const labels = { app: 'probe' };
  try {
    await admin.request({
      method: 'POST',
      path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
      query: { dryRun: 'All' },
      body: {
        metadata: { name: 'probe' },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'a' }] } } },
      },
    });
    return undefined;
  } catch (error) {
    return error;
  }
}
