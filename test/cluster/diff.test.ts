import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import { diffAgainstCluster, type ServiceChange } from '../../cli/diff.ts';
import { readOnly } from '../../cli/live-cluster.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { type Client, createClient } from '../../controllers/runtime/client.ts';
import { cluster } from '../support/cluster.ts';
import { config, service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, has, isReady, type Place } from '../support/story.ts';
import { withFiles } from '../unit/cli/manifest-text.ts';

describe('llmisvc diff against a cluster', () => {
  let place: Place;
  let client: Client;
  let qwen: Actor;

  before(async () => {
    await sharedOperator();
    place = await openPlace('diff');
    const { adminKubeconfig } = await cluster();
    client = createClient(await loadAccess({ kubeconfig: adminKubeconfig.path, environment: {} }), { version: 'test' });
    const shared = config('shared', { replicas: 2 });
    await place.admin.create({ ...shared, metadata: { ...shared.metadata, namespace: place.namespace } });
    qwen = await given(place, service('qwen').basedOn('shared'));
    await qwen.reaches(isReady);
  });
  after(async () => {
    await client?.close();
    await clear(place);
  });

  const diff = async (...objects: readonly KubeObject[]): Promise<ServiceChange[]> => {
    let result: Promise<ServiceChange[]> | undefined;
    // Files are read before the first answer is waited for.
    withFiles({ 'new.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: {}, items: objects }) }, (directory) => {
      result = diffAgainstCluster([directory], readOnly(client, defaultOptions), place.namespace);
    });
    return (await result) ?? [];
  };
  const listed = (services: readonly ServiceChange[]): string[] =>
    services.flatMap(({ service: name, changes }) =>
      changes.map(({ action, object }) => `${name}: ${action} ${object.kind} ${object.metadata.name}`),
    );

  it('shows nothing for what is applied already', async () => expect(await diff(service('qwen').basedOn('shared').object)).to.deep.equal([]));

  it('shows what an edit would change, and that is what it changes', async () => {
    const edited = service('qwen').basedOn('shared').withReplicas(3);
    const [change, ...others] = await diff(edited.object);
    expect(others).to.deep.equal([]);
    expect(listed(change ? [change] : [])).to.deep.equal([`${place.namespace}/qwen: changed Deployment qwen-kserve`]);
    expect(change?.changes[0]?.patch).to.contain('-  replicas: 2\n+  replicas: 3\n');
    await qwen.change({ spec: { replicas: 3 } });
    await qwen.reaches(
      isReady,
      has(kinds.deployment, suffixes.main, (child) => expect(child.spec).to.include({ replicas: 3 })),
    );
    expect(await diff(edited.object)).to.deep.equal([]);
    await qwen.change({ spec: { replicas: null } });
    await qwen.reaches(
      isReady,
      has(kinds.deployment, suffixes.main, (child) => expect(child.spec).to.include({ replicas: 2 })),
    );
  });

  it('shows what a config would change in the services that use it', async () => {
    const other = await given(place, service('other'));
    await other.reaches(isReady);
    const services = await diff(config('shared', { replicas: 2, template: { priorityClassName: 'high' } }));
    expect(listed(services)).to.deep.equal([`${place.namespace}/qwen: changed Deployment qwen-kserve`]);
    expect(services[0]?.changes[0]?.patch).to.match(/^\+ +priorityClassName: high$/m);
  });

  it('shows a new service as created, and writes nothing', async () => {
    const services = await diff(service('fresh').object);
    expect(listed(services)).to.include(`${place.namespace}/fresh: created Deployment fresh-kserve`);
    expect(new Set(services.flatMap(({ changes }) => changes.map(({ action }) => action)))).to.deep.equal(new Set(['created']));
    expect(await place.admin.get(kinds.service, place.namespace, 'fresh')).to.equal(undefined);
  });

  it('refuses an edit of a config that would break a service, and names what is wrong', async () => {
    const broken = config('shared', {
      template: { containers: [{ name: 'main', env: [{ name: 'A', value: '{{ .Spec.KVCacheOffloading.CPU }}' }] }] },
    });
    const refused = await diff(broken).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refused).to.match(/KVCacheOffloading/);
  });
});
