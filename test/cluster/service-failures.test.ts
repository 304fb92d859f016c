import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import { eventually } from '../support/eventually.ts';
import { config, service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { clear, condition, given, has, hasChildren, isReady, type Place } from '../support/story.ts';

describe('a service that cannot be what it asks for', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
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

  it('says that the configuration of the installation is broken, and recovers when it is mended', async () => {
    const { systemNamespace } = defaultOptions;
    const settings = await place.admin.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP);
    const { ingress } = (settings?.data ?? {}) as Record<string, string | undefined>;
    const write = (text: string | undefined) => place.admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, { data: { ingress: text } });
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady);
    const before = await qwen.children();
    try {
      await write('{ "enableGatewayApi": ');
      await qwen.reaches(condition('Ready', 'Unknown', undefined, /failed to load ingress config/));
      expect([...(await qwen.children()).keys()]).to.deep.equal([...before.keys()]);
      const other = await given(place, service('other'));
      await other.reaches(condition('Ready', 'Unknown', undefined, /failed to load ingress config/), hasChildren([]));
      await write(ingress);
      await qwen.reaches(isReady);
      await other.reaches(isReady);
    } finally {
      await write(ingress);
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
