import { connect, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { chooseFreePort } from '../../control-plane/ports.ts';
import { pathOf } from '../../controllers/runtime/client.ts';
import { eventually } from '../support/eventually.ts';
import { installInto, prepareSite, type RunningOperator, startOperator } from '../support/operator.ts';
import { chooseWebhookAddress, HOST } from '../support/webhook-address.ts';
import { inVersion } from '../support/webhook-site.ts';

interface Definition extends KubeObject {
  readonly spec: { readonly versions: readonly { readonly name: string; readonly storage: boolean }[] };
  readonly status?: { readonly storedVersions: readonly string[] };
}

const storedIn = (version: string, { spec: { versions } }: Definition) => versions.map((v) => ({ ...v, storage: v.name === version }));
const nameOf = ({ plural }: Kind): string => `${plural}.serving.kserve.io`;
const KINDS = [kinds.service, kinds.config] as const;

/**
 * A Service leads to ready Pods only. To list objects that are stored as v1alpha1, the API server needs a conversion webhook; so the
 * operator has to be ready before it has seen a single one of them.
 */
describe('readiness of an operator whose objects are stored as v1alpha1 (B35)', function () {
  this.timeout(180_000);
  let controlPlane: ControlPlane;
  let operator: RunningOperator;
  let service: Server | undefined;
  let publicPort: number;
  const ports = { webhook: 0, probe: 0 };

  const definition = async (kind: Kind): Promise<Definition> =>
    (await controlPlane.admin.get(kinds.customResourceDefinition, undefined, nameOf(kind))) as Definition;

  before(async () => {
    const address = await chooseWebhookAddress({ minimal: true });
    publicPort = address.port;
    const asBefore = (address.manifests.definitions as Definition[]).map((crd) => ({
      ...crd,
      spec: { ...crd.spec, versions: storedIn('v1alpha1', crd) },
    }));
    controlPlane = await startControlPlane({ definitions: [...(await readManifests(foreignDefinitions)), ...asBefore] });
    for (const kind of KINDS) {
      const old = inVersion(kind, 'v1alpha1');
      await controlPlane.admin.request({
        method: 'POST',
        path: pathOf(old, 'default'),
        body: {
          apiVersion: old.apiVersion,
          kind: old.kind,
          metadata: { name: 'old', namespace: 'default' },
          spec: { model: { uri: 'hf://a/b', name: 'old' } },
        },
      });
      const versions = storedIn('v1alpha2', await definition(kind));
      await controlPlane.admin.patch(kinds.customResourceDefinition, undefined, nameOf(kind), { spec: { versions } });
      await eventually(async () => expect((await definition(kind)).status?.storedVersions).to.have.members(['v1alpha1', 'v1alpha2']));
    }
    const site = await prepareSite(controlPlane, address);
    await installInto(site);
    ports.webhook = await chooseFreePort();
    ports.probe = await chooseFreePort();
    const flags = { webhookPort: ports.webhook, healthProbeAddr: `${HOST}:${ports.probe}` };
    operator = await startOperator(site, flags, { untilRunning: false });
  });
  after(async () => {
    service?.close();
    await operator?.stop();
    await controlPlane?.stop();
  });

  const readiness = async (): Promise<[number, string]> => {
    const response = await fetch(`http://${HOST}:${ports.probe}/readyz`);
    return [response.status, await response.text()];
  };

  it('comes before the services can be read, and then they are read, reconciled and moved', async () => {
    await eventually(async () => expect(await readiness()).to.deep.equal([200, 'ok']));
    const unreadable = await controlPlane.admin.list(kinds.service, 'default').then(
      () => 'readable',
      (error: Error) => error.message,
    );
    // The API server names the webhook, or says that its own cache cannot be filled without it.
    expect(unreadable).to.match(/conversion webhook|storage is \(re\)initializing/);

    // As the endpoints of the Service do when the Pod is ready.
    service = createServer((socket) => {
      const onward = connect(ports.webhook, HOST);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
      socket.pipe(onward).pipe(socket);
    }).listen(publicPort, HOST);

    for (const kind of KINDS) {
      await eventually(async () => expect((await definition(kind)).status?.storedVersions).to.deep.equal(['v1alpha2']), 60_000);
    }
    await eventually(async () => {
      const old = (await controlPlane.admin.get(kinds.service, 'default', 'old')) as KubeObject & { status?: { observedGeneration?: number } };
      expect(old.status?.observedGeneration).to.equal(old.metadata.generation);
    }, 60_000);
  });
});
