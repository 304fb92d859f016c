import { join } from 'node:path';
import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { readManifests } from '../../control-plane/custom-resources.ts';
import { removeVariantAutoscalings, variantAutoscaling } from '../../controllers/migration/legacy.ts';
import { MigrationError } from '../../controllers/migration/retry.ts';
import { createStorageMigration, migrateStorage, type StorageMigrationOptions } from '../../controllers/migration/storage-migration.ts';
import { accessOf, loadKubeConfig } from '../../controllers/runtime/access.ts';
import { createEventRecorder } from '../../controllers/runtime/events.ts';
import { createLog } from '../../controllers/runtime/log.ts';
import { runManager } from '../../controllers/runtime/manager.ts';
import { type Observed, observedClient, until } from '../support/runtime.ts';

const DEFINITIONS = join(import.meta.dirname, '../../crds');
const SERVICES = 'llminferenceservices.serving.kserve.io';
const CONFIGS = 'llminferenceserviceconfigs.serving.kserve.io';
const log = createLog({ level: 'silent' });

interface Definition extends KubeObject {
  spec: { versions: { name: string; storage: boolean }[]; conversion?: unknown };
  status?: { storedVersions: string[] };
}

/** The CRD as an older release had it: objects are stored as v1alpha1. Schema and conversion are not what these tests are about. */
function storedAsAlpha(definition: KubeObject): KubeObject {
  const { spec } = definition as Definition;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = ['v1alpha1', 'v1alpha2'].map((name) => ({ name, served: true, storage: name === 'v1alpha1', schema }));
  return { ...definition, spec: { ...spec, versions, conversion: { strategy: 'None' } } };
}

describe('storage-version migration', function () {
  this.timeout(120_000);
  let controlPlane: ControlPlane;
  let cluster: Observed;
  const refused: Record<string, number> = {};

  before(async () => {
    const definitions = await readManifests(DEFINITIONS);
    controlPlane = await startControlPlane({ definitions: definitions.map(storedAsAlpha) });
    cluster = observedClient(accessOf(await loadKubeConfig(controlPlane.adminKubeconfig.path)));
  });
  after(async () => {
    await cluster?.client.close();
    await controlPlane?.stop();
  });

  const alpha = (kind: Kind): Kind => ({ ...kind, apiVersion: 'serving.kserve.io/v1alpha1' });
  const create = (kind: Kind, name: string): Promise<KubeObject> => {
    const { apiVersion } = alpha(kind);
    const spec = { model: { uri: 'hf://org/model', name: 'model' } };
    return cluster.client.create({ apiVersion, kind: kind.kind, metadata: { name, namespace: 'default' }, spec }, { kind: alpha(kind) });
  };
  const definition = async (name: string): Promise<Definition> => {
    const found = await cluster.client.get(kinds.customResourceDefinition, undefined, name);
    return found as Definition;
  };
  const storedVersions = async (name: string): Promise<string[]> => (await definition(name)).status?.storedVersions ?? [];

  async function switchStorage(name: string, version: string): Promise<void> {
    const { versions } = (await definition(name)).spec;
    const body = { spec: { versions: versions.map((v) => ({ ...v, storage: v.name === version })) } };
    await cluster.client.patch(kinds.customResourceDefinition, undefined, name, body);
  }

  /** Versions of an object change only when the server really writes it. */
  const versionOf = async (kind: Kind, name: string) => (await cluster.client.get(kind, 'default', name))?.metadata.resourceVersion;

  const options = (more: Partial<StorageMigrationOptions> = {}): StorageMigrationOptions => ({
    client: cluster.client,
    events: createEventRecorder({ client: cluster.client, component: 'StorageVersionMigration', log }),
    log,
    budgetMs: 60_000,
    pollMs: 200,
    onRefused: (kind, count) => {
      refused[kind] = count;
    },
    ...more,
  });
  const failureOf = (more?: Partial<StorageMigrationOptions>): Promise<Error> =>
    migrateStorage(options(more), new AbortController().signal).then(
      () => expect.fail('it went through'),
      (error: Error) => error,
    );

  it('has nothing to do where everything is in the storage version', async () => {
    await create(kinds.service, 'early');
    const before = await versionOf(kinds.service, 'early');
    await migrateStorage(options(), new AbortController().signal);
    expect(await versionOf(kinds.service, 'early')).to.equal(before);
    expect(await storedVersions(SERVICES)).to.deep.equal(['v1alpha1']);
  });

  it('moves what was stored in another version, page by page, and says so in the CRD', async () => {
    await Promise.all(Array.from({ length: 260 }, (_, i) => create(kinds.config, `config-${i}`)));
    await create(kinds.service, 'one');
    const before = [await versionOf(kinds.service, 'one'), await versionOf(kinds.config, 'config-0'), await versionOf(kinds.config, 'config-99')];
    for (const name of [SERVICES, CONFIGS]) await switchStorage(name, 'v1alpha2');
    expect(await storedVersions(SERVICES)).to.have.members(['v1alpha1', 'v1alpha2']);
    cluster.reports.length = 0;

    await migrateStorage(options(), new AbortController().signal);

    expect(await storedVersions(SERVICES)).to.deep.equal(['v1alpha2']);
    expect(await storedVersions(CONFIGS)).to.deep.equal(['v1alpha2']);
    const patches = cluster.writes().filter((write) => write === 'patch LLMInferenceServiceConfig 200');
    expect(patches).to.have.length(260);
    expect(cluster.reports.filter(({ verb, kind }) => verb === 'list' && kind === 'LLMInferenceServiceConfig')).to.have.length(2);
    const after = [await versionOf(kinds.service, 'one'), await versionOf(kinds.config, 'config-0'), await versionOf(kinds.config, 'config-99')];
    after.forEach((version, i) => {
      expect(version).to.not.equal(before[i]);
    });
  });

  describe('with an object that is no longer valid', () => {
    const policy = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'no-broken-services' } };
    const policyKind: Kind = {
      apiVersion: policy.apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      plural: 'validatingadmissionpolicies',
      namespaced: false,
      typeName: '',
    };
    const bindingKind: Kind = { ...policyKind, kind: 'ValidatingAdmissionPolicyBinding', plural: 'validatingadmissionpolicybindings' };

    before(async () => {
      for (const name of [SERVICES, CONFIGS]) await switchStorage(name, 'v1alpha1');
      await create(kinds.service, 'broken');
      await create(kinds.service, 'fine');
      for (const name of [SERVICES, CONFIGS]) await switchStorage(name, 'v1alpha2');
      const rules = [{ apiGroups: ['serving.kserve.io'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['llminferenceservices'] }];
      const validations = [{ expression: 'object.metadata.name != "broken" || has(object.metadata.labels)', message: 'is broken' }];
      const spec = { failurePolicy: 'Fail', matchConstraints: { resourceRules: rules }, validations };
      await cluster.client.create({ ...policy, kind: policyKind.kind, spec }, { kind: policyKind });
      const binding = { policyName: policy.metadata.name, validationActions: ['Deny'] };
      await cluster.client.create({ ...policy, kind: bindingKind.kind, spec: binding }, { kind: bindingKind });
      await until('the policy is in force', () =>
        cluster.client.patch(kinds.service, 'default', 'broken', { metadata: { annotations: { a: 'b' } } }, { dryRun: true }).then(
          () => false,
          () => true,
        ),
      );
    });

    it('moves the others, reports that one, and completes when it is mended (B37)', async () => {
      const before = await versionOf(kinds.service, 'fine');
      const abort = new AbortController();
      const running = migrateStorage(options(), abort.signal);
      await until('the refusal is counted', () => refused.LLMInferenceService === 1);
      expect(await versionOf(kinds.service, 'fine')).to.not.equal(before);
      expect(await storedVersions(SERVICES)).to.have.members(['v1alpha1', 'v1alpha2']);
      await until('the other kind is through', async () => (await storedVersions(CONFIGS)).length === 1);
      await until('the object has an event', async () => {
        const events = await cluster.client.list(kinds.event, { namespace: 'default', fieldSelector: 'involvedObject.name=broken' });
        return events.items.some(({ reason, message }) => reason === 'StorageMigrationFailed' && String(message).includes('is broken'));
      });

      await cluster.client.patch(kinds.service, 'default', 'broken', { metadata: { labels: { mended: 'yes' } } });
      await running;
      expect(await storedVersions(SERVICES)).to.deep.equal(['v1alpha2']);
      expect(refused.LLMInferenceService).to.equal(0);
    });

    it('ends without an error when the budget is spent, and leaves the CRD as it is', async () => {
      await cluster.client.patch(kinds.service, 'default', 'broken', { metadata: { labels: { mended: null } } }).catch(() => undefined);
      await switchStorage(SERVICES, 'v1alpha1');
      await cluster.client.delete(kinds.service, 'default', 'broken');
      await create(kinds.service, 'broken');
      await switchStorage(SERVICES, 'v1alpha2');
      await migrateStorage(options({ budgetMs: 1500 }), new AbortController().signal);
      expect(await storedVersions(SERVICES)).to.have.members(['v1alpha1', 'v1alpha2']);
      await cluster.client.delete(kinds.service, 'default', 'broken');
      await migrateStorage(options(), new AbortController().signal);
      expect(await storedVersions(SERVICES)).to.deep.equal(['v1alpha2']);
    });
  });

  it('times out when the budget is spent before it begins', async () => {
    const times = [0, 5];
    const clock = { now: () => times.shift() ?? 5, sleep: async () => undefined };
    const error = await failureOf({ budgetMs: 5, clock });
    expect(error).to.be.instanceOf(MigrationError);
    expect(error.message).to.match(/^storage version migration for llminferenceservices\.serving\.kserve\.io: timed out after 5ms: /);
  });

  it('removes the autoscalers of older control planes, where their kind exists (R1.99)', async () => {
    const { signal } = new AbortController();
    await removeVariantAutoscalings({ client: cluster.client, log }, signal);
    const { plural, kind } = variantAutoscaling;
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await cluster.client.create({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.llmd.ai` },
      spec: {
        group: 'llmd.ai',
        scope: 'Namespaced',
        names: { plural, kind, singular: kind.toLowerCase() },
        versions: [{ name: 'v1alpha1', served: true, storage: true, schema }],
      },
    });
    await until('the kind is served', () => cluster.client.serves(variantAutoscaling));
    const autoscaler = (name: string, labels: Record<string, string>): KubeObject => ({
      apiVersion: variantAutoscaling.apiVersion,
      kind,
      metadata: { name, namespace: 'default', labels },
    });
    const ours = autoscaler('ours', { 'app.kubernetes.io/part-of': 'llminferenceservice' });
    await until('objects of the kind can be created', () =>
      cluster.client.create(ours, { kind: variantAutoscaling }).then(
        () => true,
        () => false,
      ),
    );
    await cluster.client.create(autoscaler('theirs', {}), { kind: variantAutoscaling });
    await removeVariantAutoscalings({ client: cluster.client, log }, signal);
    const { items } = await cluster.client.list(variantAutoscaling);
    expect(items.map(({ metadata }) => metadata.name)).to.deep.equal(['theirs']);
  });

  describe('without the CRD', () => {
    it('ends the process', async () => {
      await cluster.client.delete(kinds.customResourceDefinition, undefined, CONFIGS);
      await until('the CRD is gone', async () => (await definition(CONFIGS)) === undefined);
      const migration = createStorageMigration(options());
      const manager = runManager({ parts: [], synced: async () => undefined, controllers: [migration] }, new AbortController().signal);
      const error = await manager.then(
        () => expect.fail('it went on'),
        (reason: Error) => reason,
      );
      expect(error.message).to.equal(
        `storage version migration for ${CONFIGS}: failed: customresourcedefinitions.apiextensions.k8s.io "${CONFIGS}" not found`,
      );
    });
  });
});
