import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { startCommand } from '../support/run-command.ts';

const PATIENCE_MS = 300_000;
const KINDS = [
  kinds.customResourceDefinition,
  kinds.mutatingWebhookConfiguration,
  kinds.validatingWebhookConfiguration,
  kinds.clusterRole,
  kinds.configMap,
  kinds.config,
] as const;

/** On a control plane of its own: webhook configurations are for the whole cluster, and nobody answers these. */
describe('llmisvc install', function () {
  this.timeout(PATIENCE_MS);
  let controlPlane: ControlPlane;
  let authority: string;

  before(async () => {
    controlPlane = await startControlPlane();
    authority = join(controlPlane.directory, 'trusted.crt');
    await writeFile(authority, controlPlane.authority);
  });
  after(() => controlPlane.stop());

  async function install(...args: string[]): Promise<string> {
    const command = startCommand('install', '--kubeconfig', controlPlane.adminKubeconfig.path, ...args);
    expect(await command.ended, command.output()).to.equal(0);
    return command.output();
  }

  async function versions(): Promise<Record<string, string>> {
    const lists = await Promise.all(KINDS.map(async (kind) => (await controlPlane.admin.list(kind)).items.map((object) => ({ kind, object }))));
    const ours = lists.flat().filter(({ object }) => /llm|inferenceservice-config/.test(object.metadata.name ?? ''));
    return Object.fromEntries(ours.map(({ kind, object }) => [`${kind.kind} ${object.metadata.name}`, object.metadata.resourceVersion ?? '']));
  }

  const definition = async (): Promise<KubeObject> =>
    (await controlPlane.admin.get(kinds.customResourceDefinition, undefined, 'llminferenceservices.serving.kserve.io'))!;
  const clientConfig = ({ spec }: KubeObject): unknown =>
    (spec as { conversion: { webhook: { clientConfig: unknown } } }).conversion.webhook.clientConfig;

  it('installs everything, and changes nothing the second time', async () => {
    const args = ['--webhook-url', 'https://127.0.0.1:1', '--webhook-ca', authority];
    expect(await install(...args)).to.equal('CRDs: 2\nnamespace, permissions, settings: 13 objects\npresets: 11\nwebhook configurations: 3\n');
    const first = await versions();
    expect(Object.keys(first)).to.include.members([
      'CustomResourceDefinition llminferenceservices.serving.kserve.io',
      'CustomResourceDefinition llminferenceserviceconfigs.serving.kserve.io',
      'ConfigMap inferenceservice-config',
      'LLMInferenceServiceConfig kserve-config-llm-template',
    ]);

    await install(...args);
    expect(await versions()).to.deep.equal(first);
  });

  it('moves the webhooks when it is told another place', async () => {
    const before = await versions();
    await install('--webhook-url', 'https://127.0.0.1:2', '--webhook-ca', authority);
    const caBundle = Buffer.from(controlPlane.authority).toString('base64');
    expect(clientConfig(await definition())).to.deep.equal({ url: 'https://127.0.0.1:2/convert', caBundle });
    const moved = Object.entries(await versions()).filter(([name, version]) => before[name] !== version);
    expect(new Set(moved.map(([name]) => name.split(' ')[0]))).to.deep.equal(
      new Set(['CustomResourceDefinition', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']),
    );

    await install();
    expect(clientConfig(await definition())).to.deep.include({
      service: { name: 'llmisvc-webhook-server-service', namespace: 'kserve', path: '/convert', port: 443 },
    });
    expect(clientConfig(await definition())).to.not.have.property('url');
    expect((await definition()).metadata.annotations).to.have.property('cert-manager.io/inject-ca-from', 'kserve/llmisvc-serving-cert');
  });
});
